"""`mailbot model`: the releases of the desk, which one is in use, whether one fits this machine, and how good it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.app import load_config
from mailbot.errors import UsageError

if TYPE_CHECKING:
    from mailbot.generate.registry import Registry, Release

model_app = typer.Typer(help="The models that write drafts: add, compare, put in use.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SLOTS = 8
"""Texts at once that memory and speed are told for."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="A release, as `mailbot model list` names it.")]


def register(app: typer.Typer) -> None:
    """Add `mailbot model`."""
    from mailbot.cli import model_eval  # noqa: F401  it adds `eval`

    app.add_typer(model_app, name="model")


def registry() -> Registry:
    """Return the registry of the config."""
    from mailbot.generate.registry import Registry

    return Registry(load_config().state_dir / "models")


@model_app.command()
def add(
    source: Annotated[
        str, typer.Argument(metavar="DIR|ORG/NAME", help="A model's directory, or its name on the Hugging Face hub.")
    ],
    name: Annotated[str, typer.Option(help="What to call it here; else its own name.")] = "",
    revision: Annotated[str, typer.Option(help="Branch, tag or commit on the hub.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check a model and bring it in: weights as safetensors only, nothing of it is run. `publish` then puts it in use."""
    from mailbot.clock import now
    from mailbot.generate import hub
    from mailbot.generate.registry import gather
    from mailbot.generate.release import open_model

    own = registry()
    here = Path(source).expanduser()
    chosen = name or here.resolve().name
    own.check_free(chosen)
    if not here.exists() and hub.NAME.fullmatch(source):
        listing = hub.look_up(source, revision=revision)
        print(f"{source}: {_bytes(listing.bytes)} to fetch, licence {listing.licence}", file=sys.stderr)
        with own.gathering() as folder:
            hub.fetch(listing, folder, bars=sys.stderr.isatty())
            open_model(folder)
            own.settle(folder, chosen, source=listing.source, added=now().isoformat())
    else:
        if revision:
            raise UsageError("--revision goes with a name on the hub", remedy=f"leave it out for the directory {source}")
        open_model(here)
        with own.gathering() as folder, progress_bar() as show:
            gather(here, folder, progress=show)
            own.settle(folder, chosen, source=str(here.resolve()), added=now().isoformat())
    _print(_described(own.get(chosen), own), as_json)


@model_app.command("list")
def list_releases(as_json: AsJson = False) -> None:
    """List the releases, and which one is in use."""
    own = registry()
    current = own.in_use()
    rows: list[dict[str, Any]] = [
        {"name": one.name, "current": one.name == current, "source": one.source, "added": one.added, "bytes": one.bytes}
        for one in own.releases()
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{'*' if row['current'] else ' '} {row['name']}  {_bytes(row['bytes'])}  {row['added'][:10]}  {row['source']}")
    if not rows:
        print("no releases; `mailbot model add DIR` brings one in", file=sys.stderr)


@model_app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Say what a release is, what it needs, and whether it fits this machine."""
    own = registry()
    _print(_described(own.get(name), own, intact=True), as_json)


@model_app.command()
def publish(name: Name, as_json: AsJson = False) -> None:
    """Put a release in use; a running daemon takes it at its next start."""
    from mailbot.generate.release import open_model

    own = registry()
    release = own.get(name)
    if changed := release.changed():
        raise UsageError(
            f"{name}: {', '.join(changed)} changed since it was added", remedy="add the model again under another name"
        )
    open_model(release.directory)
    own.publish(name)
    print(json.dumps({"current": own.in_use()}) if as_json else f"in use: {name}")


@model_app.command()
def rollback(as_json: AsJson = False) -> None:
    """Put the release before this one in use again."""
    own = registry()
    own.rollback()
    current = own.in_use()
    print(json.dumps({"current": current}) if as_json else f"in use: {current or 'none'}")


def _described(release: Release, own: Registry, *, intact: bool = False) -> dict[str, Any]:
    """Return everything about a release, as `show --json` prints it; `intact` reads all of it to see whether it changed."""
    from mailbot.generate.fit import needs, this_machine
    from mailbot.generate.release import open_model

    model = open_model(release.directory)
    shape = model.checkpoint.architecture
    machine = this_machine()
    wanted = needs(shape, device=machine.device, slots=SLOTS)
    return {
        "name": release.name,
        "current": own.in_use() == release.name,
        "source": release.source,
        "added": release.added,
        "digest": release.digest,
        "changed": release.changed() if intact else [],
        "family": shape.family,
        "prompt": model.form,
        "parameters": wanted.parameters,
        "window": shape.window,
        "bytes": release.bytes,
        "memory": {
            "dtype": wanted.dtype,
            "weights": wanted.weights,
            "cache": wanted.cache,
            "working": wanted.working,
            "runtime": wanted.runtime,
            "slots": wanted.slots,
            "window": wanted.window,
            "bytes": wanted.memory,
        },
        "machine": {
            "device": machine.device,
            "name": machine.name,
            "memory": machine.memory,
            "bandwidth": round(machine.bandwidth),
        },
        "fits": wanted.fits(machine),
        "tokens_per_second": {str(texts): round(wanted.speed(machine, texts), 1) for texts in (1, wanted.slots)},
        "notes": list(model.notes),
    }


def _print(about: dict[str, Any], as_json: bool) -> None:
    """Print what is known of a release."""
    if as_json:
        print(json.dumps(about, ensure_ascii=False))
        return
    memory, machine = about["memory"], about["machine"]
    one, many = about["tokens_per_second"].items()
    print(f"{about['name']}{' (in use)' if about['current'] else ''}: {about['family']}, {about['parameters']:,} parameters")
    print(f"  from     {about['source']}{f', added {added[:10]}' if (added := about['added']) else ''}")
    print(f"  on disk  {_bytes(about['bytes'])}")
    print(
        f"  memory   {_bytes(memory['bytes'])} for {memory['slots']} texts of {memory['window']} tokens: weights "
        f"{_bytes(memory['weights'])} ({memory['dtype']}), keys and values {_bytes(memory['cache'])}, prompts "
        f"{_bytes(memory['working'])}, runtime {_bytes(memory['runtime'])}"
    )
    verdict = "it fits" if about["fits"] else "IT DOES NOT FIT"
    print(f"  machine  {machine['name']}, {_bytes(machine['memory'])} free: {verdict}")
    single, together = _rounded(one[1]), _rounded(many[1])
    print(f"  speed    at most {single} tokens a second for one text, {together} for {many[0]} at once: an estimate from")
    print(f"           the {_bytes(machine['bandwidth'])} a second that this machine's memory was just seen to give")
    for note in about["notes"]:
        print(f"  note     {note}")
    for file in about["changed"]:
        print(f"  CHANGED  {file} is not as it was added")


def _rounded(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _bytes(count: float) -> str:
    """Return a size for people."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1000:.0f} kB"


@contextmanager
def progress_bar() -> Iterator[Any]:
    """Give a function (what, done, all) that shows a progress bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)
