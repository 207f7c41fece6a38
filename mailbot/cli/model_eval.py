"""`mailbot model eval`: one release, or two side by side, judged by replies that people sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.items import with_parts
from mailbot.cli.model import AsJson, model_app, progress_bar, registry
from mailbot.errors import UsageError

if TYPE_CHECKING:
    from mailbot.answered import Answered
    from mailbot.daemon import Parts
    from mailbot.generate.evaluate import Judged
    from mailbot.generate.examples import Example

LEFT_OUT = "too long for a model's window, or of a template or language that a model was not trained for"


@model_app.command("eval")
def evaluate(
    a: Annotated[str, typer.Argument(metavar="A", help="A release, or a directory (with a slash).")],
    b: Annotated[str, typer.Argument(metavar="[B]", help="Another one, to compare with it.")] = "",
    data: Annotated[
        Path | None, typer.Option(help='JSON Lines of {"prompt", "reply", "thread", "language", "kind", "facts"}.')
    ] = None,
    from_reviews: Annotated[
        bool, typer.Option("--from-reviews", help="Judge by the desk's own mails and the replies sent.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most this many of them; 0 takes all.")] = 0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")] = 400,
    texts: Annotated[Path | None, typer.Option(help="Write each reference and what was written here, as JSON Lines.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge releases by replies that people sent: likelihood, chrF, facts copied, figures invented, length."""
    if (data is None) != from_reviews:
        raise UsageError("one thing to judge by is needed", remedy="name a JSON Lines file with --data, or use --from-reviews")
    examples = _read(data, limit)
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
        raise UsageError(f"no example can be used: {LEFT_OUT}", remedy="use other examples, or another model")
    tallies = [[one.tally for index, one in enumerate(side) if one and index in set(kept)] for side in judged]
    result = report(names, [examples[index] for index in kept], tallies)
    result["left_out"] = len(examples) - len(kept)
    if texts:
        _write_texts(texts, names, examples, judged)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _print(result)


def _read(data: Path | None, limit: int) -> list[Example]:
    """Return the examples of a file, or of the ledger for None. Raises UsageError when there are none."""
    from mailbot.generate.examples import Example, read_examples

    if data is not None:
        return read_examples(data, limit)
    from mailbot.answered import answered

    async def action(parts: Parts) -> list[Answered]:
        return [one async for one in answered(parts.ledger, parts.answers, limit=limit)]

    found = with_parts(action)
    if not found:
        raise UsageError("no reply was sent yet", remedy="judge by a file with --data")
    edited = sum(one.edited for one in found)
    print(f"{len(found)} replies were sent, {edited} of them written or changed by a person", file=sys.stderr)
    return [
        Example(thread=one.thread, prompt=one.request, reply=one.reply, language=one.request.language, kind=one.request.template)
        for one in found
    ]


def _progress(show: Any, name: str, what: str, done: int, total: int) -> None:
    show(f"{name}: {what}", done, total)


def _print(result: dict[str, Any]) -> None:
    """Print what came out for people: every measure over all examples, then a line for each template and language."""
    from mailbot.core.quality import MEASURES

    everything, *groups = result["groups"]
    sides = [side for side in "ab" if side in everything]
    print(f"{everything['examples']} replies of {everything['threads']} threads")
    if len(sides) == 2:
        print(f"A is {result['releases']['a']}, B is {result['releases']['b']}")
        print(f"{'':32}{'A':>10}{'B':>10}{'B - A':>10}   95 % interval")
    for measure in MEASURES:
        line = f"{measure.title:32}" + "".join(f"{_number(everything[side][measure.name]):>10}" for side in sides)
        if len(sides) == 2:
            one = everything["differences"][measure.name]
            line += f"{_number(one['difference']):>10}   {_number(one['low'])} to {_number(one['high'])}"
        print(line)
    if len(sides) == 2:
        print(everything["verdict"])
    columns = [measure for measure in MEASURES if measure.decides]
    print(f"\n{'':32}{'replies':>8}" + "".join(f"{one.title:>20}" for one in columns))
    for group in groups:
        cells = ["".join(f"{_number(group[side][one.name]):>9}" for side in sides).rjust(20) for one in columns]
        verdict = f"   {group['verdict']}" if len(sides) == 2 else ""
        print(f"{group['by'] + ' ' + group['value']:32}{group['examples']:>8}" + "".join(cells) + verdict)
    if result["left_out"]:
        print(f"{result['left_out']} examples were left out: {LEFT_OUT}")


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
