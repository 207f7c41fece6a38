"""The command `python -m mailbot.generate.corpus.report`: how a model does on held-out prompts of the corpus.

The prompts have values and mail wordings that training never shows. The figures of the shipped model's card come from here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from mailbot.core import holding
from mailbot.core.brief import reply_of
from mailbot.generate.corpus.judge import Score, Verdict, judge, score
from mailbot.generate.corpus.write import Example, examples
from mailbot.generate.local import AGAIN
from mailbot.generate.release import open_model, shipped_directory
from mailbot.generate.request import GREEDY

SEED = 20_000
"""The held-out prompts of the card."""
MOST_TOKENS = 400


def replies(directory: Path, asked: Sequence[Example], *, tries: int = 1, slots: int = 16) -> list[str]:
    """Return what a model writes to each brief. Raises ConfigError.

    The first try takes the likeliest token each time. With more `tries`, what does not hold (`core.holding`) is written anew as the
    daemon does, and is "" where none holds: there the reply template would be the draft.
    """
    from mailbot.generate.engine import Engine, Size
    from mailbot.generate.request import Request

    model = open_model(directory)
    engine = Engine(model.checkpoint, Size(slots=slots, widths=(), buckets=(256,), spans=(256,)), tokenizer=model.tokenizer)
    written = [""] * len(asked)
    wanted = list(range(len(asked)))
    for seed in range(tries):
        sampling = replace(AGAIN, seed=seed) if seed else GREEDY
        for number in wanted:
            prompt = asked[number].prompt
            engine.submit(Request(name=str(number), account="", prompt=prompt, max_tokens=MOST_TOKENS, sampling=sampling))
        texts = dict.fromkeys(wanted, "")
        while not engine.idle:
            for piece in engine.step(0.0):
                texts[int(piece.name)] += piece.text
        for number, text in texts.items():
            written[number] = reply_of(text)[1]
        if tries > 1:
            wanted = [number for number in wanted if not _holds(asked[number], written[number])]
    for number in wanted if tries > 1 else ():
        written[number] = ""
    return written


def _holds(example: Example, reply: str) -> bool:
    return not holding.why_not(reply, language=example.language, facts={}, skeleton="", sources=[example.prompt])


def lines(asked: Sequence[Example], verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the rows of a Markdown table: all replies, and those of each language and each kind."""
    yield "| held-out prompts | replies | facts copied | nothing invented | right language | right intent | nothing wrong |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield _row("all", score(verdicts))
    for what in ("language", "kind"):
        for group in sorted({str(getattr(one, what)) for one in asked}):
            mine = [verdict for one, verdict in zip(asked, verdicts, strict=True) if getattr(one, what) == group]
            yield _row(group, score(mine))


def _row(name: str, of: Score) -> str:
    shares = (of.facts, of.uninvented, of.language, of.intent, of.right)
    return f"| {name} | {of.replies} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |"


def main() -> None:
    """Judge the model that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m mailbot.generate.corpus.report", description=main.__doc__)
    parser.add_argument("--model", type=Path, default=shipped_directory(), metavar="DIR", help="the shipped one by default")
    parser.add_argument("--examples", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S")
    parser.add_argument("--tries", type=int, default=1, metavar="N", help="judge what a reviewer is shown after so many tries")
    parser.add_argument("--wrong", type=int, default=0, metavar="N", help="show so many replies that are not all right")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    told = parser.parse_args()
    asked = list(examples(told.examples, seed=told.seed, held_out=True))
    written = replies(told.model, asked, tries=told.tries)
    shown = [number for number, text in enumerate(written) if text]
    if len(shown) < len(asked):
        print(f"{len(asked) - len(shown)} of {len(asked)} did not hold: the reply template is the draft there\n")
        asked, written = [asked[number] for number in shown], [written[number] for number in shown]
    verdicts = [judge(one, text) for one, text in zip(asked, written, strict=True)]
    print(json.dumps(asdict(score(verdicts))) if told.json else "\n".join(lines(asked, verdicts)))
    faulty = [both for both in zip(asked, written, verdicts, strict=True) if not both[2].right]
    for example, text, verdict in faulty[: told.wrong]:
        print(f"\n--- {example.intent}, read as {verdict.intent!r}; invented {verdict.invented}; facts {example.facts}")
        print(f"{example.prompt}\n\n{text}")


if __name__ == "__main__":
    main()
