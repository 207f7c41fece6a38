"""Measures how tables load and prints Markdown: `python -m tests.bench.bench_tables dirt` scores dirty files by kind."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict

from mailbot.core.table_load import load_tables
from tests.bench.bench_generate import table
from tests.unit.table_dirt import Dirty, Score, dirty, score
from tests.unit.table_shapes import SEEN, UNSEEN


def loaded(one: Dirty) -> Score:
    """Return the score of one dirty file."""
    tables = load_tables(one.text).tables
    return score(one.meant, [list(tables[0].columns), *map(list, tables[0].rows)] if tables else [])


def dirt(step: int, only: str, show: int, *, unseen: bool) -> None:
    """Print mean F1 and the share loaded exactly, by kind."""
    found: dict[str, list[Score]] = defaultdict(list)
    begun = time.process_time()
    for shape in UNSEEN if unseen else SEEN:
        for one in dirty(shape(), step=step):
            if only and only != one.kind:
                continue
            result = loaded(one)
            found[one.kind].append(result)
            if not result.exact and show:
                show -= 1
                print(f"{shape.__name__}: {one.kind}: {one.what}: {result.f1:.3f}", file=sys.stderr)
    rows = [
        (kind, str(len(of)), f"{statistics.mean(one.f1 for one in of):.4f}", f"{sum(one.exact for one in of) / len(of):.1%}")
        for kind, of in found.items()
    ]
    every = [one for of in found.values() for one in of]
    means = [statistics.mean(one.f1 for one in of) for of in found.values()]
    rows.append(
        (
            "mean of the kinds",
            str(len(every)),
            f"{statistics.mean(means):.4f}",
            f"{sum(one.exact for one in every) / len(every):.1%}",
        )
    )
    print(f"{time.process_time() - begun:.0f} CPU s", file=sys.stderr)
    print(table(("kind", "files", "mean F1", "exact"), rows))


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["dirt"])
    parser.add_argument("--step", type=int, default=5, help="dirt: every n-th row of a table is made the bad one")
    parser.add_argument("--only", default="", help="dirt: this kind alone")
    parser.add_argument("--show", type=int, default=0, help="dirt: name so many files that were not loaded exactly")
    parser.add_argument("--unseen", action="store_true", help="dirt: from the shapes that nothing was settled on")
    asked = parser.parse_args()
    dirt(asked.step, asked.only, asked.show, unseen=asked.unseen)


if __name__ == "__main__":
    main()
