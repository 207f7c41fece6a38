"""`mailbot model eval`: one release, or two side by side, judged by replies that people sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.model import AsJson, model_app, progress_bar, registry
from mailbot.errors import UsageError

if TYPE_CHECKING:
    from mailbot.generate.evaluate import Judged
    from mailbot.generate.examples import Example


@model_app.command("eval")
def evaluate(
    a: Annotated[str, typer.Argument(metavar="A", help="A release, or a directory (with a slash).")],
    b: Annotated[str, typer.Argument(metavar="[B]", help="Another one, to compare with it.")] = "",
    data: Annotated[
        Path | None, typer.Option(help='JSON Lines of {"prompt", "reply", "thread", "language", "kind", "facts"}.')
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most this many of them; 0 takes all.")] = 0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")] = 400,
    texts: Annotated[Path | None, typer.Option(help="Write each reference and what was written here, as JSON Lines.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge releases by replies that people sent: likelihood, chrF, facts copied, figures invented, length."""
    if data is None:
        raise UsageError("nothing to judge by", remedy="name a JSON Lines file with --data")
    from mailbot.generate.examples import read_examples

    examples = read_examples(data, limit)
    names = [one for one in (a, b) if one]
    directories = [Path(name).expanduser() if "/" in name else registry().locate(name) for name in names]
    from mailbot.generate.evaluate import judge
    from mailbot.generate.side_by_side import report

    judged: list[list[Judged | None]] = []
    for name, directory in zip(names, directories, strict=True):
        with progress_bar() as show:
            judged.append(judge(directory, examples, max_tokens=max_tokens, progress=partial(_progress, show, name)))
    kept = [index for index in range(len(examples)) if all(one[index] for one in judged)]
    if not kept:
        raise UsageError("prompt and reply of no example fit into the model's window", remedy="use shorter ones, or another model")
    tallies = [[one.tally for index, one in enumerate(side) if one and index in set(kept)] for side in judged]
    result = report(names, [examples[index] for index in kept], tallies)
    result["left_out"] = len(examples) - len(kept)
    if texts:
        _write_texts(texts, names, examples, judged)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _print(result)


def _progress(show: Any, name: str, what: str, done: int, total: int) -> None:
    show(f"{name}: {what}", done, total)


def _print(result: dict[str, Any]) -> None:
    """Print what came out for people: a table for each group."""
    from mailbot.core.quality import MEASURES

    for group in result["groups"]:
        of = "all" if group["by"] == "all" else f"{group['by']} {group['value']}"
        print(f"{of}: {group['examples']} replies of {group['threads']} threads")
        if "b" in group:
            print(f"  {'':32}{'A':>10}{'B':>10}{'B - A':>10}   95 % interval")
        for measure in MEASURES:
            line = f"  {measure.title:32}" + "".join(f"{_number(group[side][measure.name]):>10}" for side in "ab" if side in group)
            if "b" in group:
                one = group["differences"][measure.name]
                line += f"{_number(one['difference']):>10}   {_number(one['low'])} to {_number(one['high'])}"
            print(line)
        if "b" in group:
            print(f"  {group['verdict']}")
    if "b" in result["releases"]:
        print(f"A is {result['releases']['a']}, B is {result['releases']['b']}")
    if result["left_out"]:
        print(f"{result['left_out']} examples were left out: prompt and reply together are longer than a model's window")


def _write_texts(file: Path, names: Sequence[str], examples: Sequence[Example], judged: Sequence[Sequence[Judged | None]]) -> None:
    """Write what each release wrote, beside the reference."""
    try:
        with file.open("w", encoding="utf-8") as out:
            for example, *sides in zip(examples, *judged, strict=True):
                written = {name: one and one.text for name, one in zip(names, sides, strict=True)}
                line = {"thread": example.thread, "kind": example.kind, "reference": example.reply, "written": written}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}", remedy="choose another file for --texts") from error


def _number(value: float | None) -> str:
    return (
        "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    )
