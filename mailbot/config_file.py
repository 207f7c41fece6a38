"""Where the configuration comes from: finds, reads and checks the TOML file, and says in one line what is wrong with it."""

from __future__ import annotations

import difflib
import os
import tomllib
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from mailbot.config import Config
from mailbot.errors import ConfigError


def find(path: str | None) -> Path:
    """Return the config file to use: the argument, else MAILBOT_CONFIG, else ./mailbot.toml.

    Raises ConfigError when it does not exist.
    """
    chosen = Path(path or os.environ.get("MAILBOT_CONFIG") or "mailbot.toml")
    if not chosen.is_file():
        raise ConfigError(f"{chosen}: no such file", remedy="run `mailbot init DIR` or name it with --config")
    return chosen


def load(path: Path) -> Config:
    """Read and check the file; relative paths in it are taken from its own folder.

    Raises ConfigError with the file and the option (and the nearest known option for an unknown one).
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}", remedy="check the file and its permissions") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}", remedy="mend the TOML syntax there") from error
    return parse(tree, file=path)


def parse(tree: dict[str, Any], *, file: Path) -> Config:
    """Check a tree that was read from `file`. Raises ConfigError; see `load`."""
    try:
        config = Config.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigError(f"{file}: {_explain(first)}", remedy="see the configuration table in the README") from None
    base = file.resolve().parent
    return config.model_copy(
        update={
            "state_dir": base / config.state_dir.expanduser(),
            "rules_dir": base / config.rules_dir.expanduser(),
            "suppliers_dir": base / config.suppliers_dir.expanduser(),
            "table_schema": base / config.table_schema.expanduser() if config.table_schema else None,
            "templates_dir": base / config.templates_dir.expanduser(),
            "generate": config.generate.model_copy(update={"release": _release(base, config.generate.release)}),
            "drops": {name: drop.model_copy(update={"path": base / drop.path.expanduser()}) for name, drop in config.drops.items()},
        }
    )


def _release(base: Path, release: str) -> str:
    """Return a release that is a directory from the file's own folder; a name stays one."""
    return str(base / Path(release).expanduser()) if "/" in release else release


def _explain(error: Any) -> str:
    """Return one line for a pydantic error: where, what, and the nearest known option."""
    path = ".".join(str(part) for part in error["loc"])
    where = "".join(one if one.isprintable() else "?" for one in path)
    message = str(error["msg"]).removeprefix("Value error, ").replace("<class 'pathlib.Path'>", "a file or folder")
    if not where:
        return message
    if error["type"] == "extra_forbidden":
        known = _options_beside(error["loc"])
        near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
        hint = f", did you mean {near[0]}?" if near else f" (known here: {', '.join(known)})"
        return f"{where}: unknown option{hint}"
    if error["type"] == "missing":
        return f"{where}: this option is required"
    return f"{where}: {message}"


def _options_beside(location: tuple[Any, ...]) -> list[str]:
    """Return the names of the options of the section that `location` stands in."""
    section: type[BaseModel] = Config
    steps = [step for step in location[:-1] if not isinstance(step, int)]
    while steps:
        inner = _section_of(section.model_fields[str(steps.pop(0))].annotation)
        if inner is None:
            break
        section, is_map = inner
        if is_map and steps:
            steps.pop(0)
    return list(section.model_fields)


def _section_of(annotation: Any) -> tuple[type[BaseModel], bool] | None:
    """Return the section type inside an annotation, and whether it is a table of named sections."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for inner in typing.get_args(annotation):
        found = _section_of(inner)
        if found:
            return found[0], typing.get_origin(annotation) is dict
    return None


def _is_map_of_lists(annotation: Any) -> bool:
    """Return whether the option is a table of lists of sections, which needs words of its own."""
    return typing.get_origin(annotation) is dict and typing.get_origin(typing.get_args(annotation)[1]) is tuple


def option_rows(section: type[BaseModel] = Config, prefix: str = "") -> list[tuple[str, str, str]]:
    """Return (option, default, description) for every option, depth first: what the README's table is made of."""
    rows: list[tuple[str, str, str]] = []
    for name, field in section.model_fields.items():
        inner = _section_of(field.annotation)
        if inner:
            if _is_map_of_lists(field.annotation):
                rows.append((f"{prefix}{name}", "", field.description or ""))
            rows += option_rows(inner[0], f"{prefix}{name}." + ("NAME." if inner[1] else ""))
            continue
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        rows.append((f"{prefix}{name}", default, field.description or ""))
    return rows


def _shown(value: Any) -> str:
    """Return a default as TOML would write it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(one) for one in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
