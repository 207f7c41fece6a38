"""Measures how tables load and prints Markdown: `python -m tests.bench.bench_tables dirt` scores dirty files by kind, `big` reads a
large one. The peers (DuckDB, pandas, clevercsv) are those that --peers-python has.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from mailbot.core.table_load import load_tables
from tests.bench.bench_generate import can, table
from tests.unit.table_dirt import Dirty, Grid, Score, dirty, score
from tests.unit.table_draws import drawn
from tests.unit.table_shapes import SEEN, UNSEEN, Shape

PEERS = ("duckdb", "pandas", "clevercsv")
WORKER = Path(__file__).with_name("tables_worker.py")
ROUNDS = 5
FIRST_SEED = 1000
TOWNS = ("Köln", "Bremen", "Leeds", "Porto", "Aarhus")


def by_mailbot(files: Sequence[Dirty]) -> tuple[list[Grid | None], float]:
    """Return the main table of each file, and the CPU seconds."""
    begun, found = time.process_time(), []
    for one in files:
        tables = load_tables(one.text).tables
        found.append([list(tables[0].columns), *map(list, tables[0].rows)] if tables else None)
    return found, time.process_time() - begun


def by_peer(python: str, peer: str, files: Sequence[Dirty]) -> tuple[list[Grid | None], float]:
    """Return what a peer makes of each file, and the CPU seconds. Raises CalledProcessError."""
    found: list[Grid | None] = []
    seconds = 0.0
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.csv") for number in range(len(files))]
        for path, one in zip(paths, files, strict=True):
            path.write_bytes(one.text.encode())
        for start in range(0, len(paths), 500):
            answer = asked(python, peer, *map(str, paths[start : start + 500]))
            found += answer["found"]
            seconds += answer["cpu"]
    return found, seconds


def asked(python: str, peer: str, *arguments: str) -> dict[str, Any]:
    """Run the worker. Raises CalledProcessError."""
    done = subprocess.run([python, str(WORKER), peer, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def dirt(shapes: Sequence[Shape], step: int, python: str) -> None:
    """Print mean F1 and the share loaded exactly, by kind and reader."""
    files = [one for shape in shapes for one in dirty(shape, step=step)]
    kinds = list(dict.fromkeys(one.kind for one in files))
    read = {"mailbot": by_mailbot(files)}
    read |= {peer: by_peer(python, peer, files) for peer in PEERS if can(python, peer)}
    scores = {
        name: [score(one.meant, grid or []) for one, grid in zip(files, grids, strict=True)] for name, (grids, _) in read.items()
    }
    rows = [[kind, str(sum(one.kind == kind for one in files))] for kind in [*kinds, "all files"]]
    for own in scores.values():
        for row, kind in zip(rows, [*kinds, ""], strict=True):
            row.append(_told([found for one, found in zip(files, own, strict=True) if kind in (one.kind, "")]))
    rows[-1][1] = str(len(files))
    rows.append(["CPU seconds", "", *(f"{seconds:.1f}" for _, seconds in read.values())])
    print(table(("kind: mean F1 (exact)", "files", *read), rows))


def _told(scores: Sequence[Score]) -> str:
    return f"{mean(one.f1 for one in scores):.3f} ({sum(one.exact for one in scores) / len(scores):.0%})"


def usual_line(n: int) -> str:
    """Return a row of an order list: a running number, then values of which each comes many times."""
    return (
        f"{100000 + n};{n % 28 + 1:02}.{n % 12 + 1:02}.{2020 + n % 6};C{n * 7919 % 40000:05};A-{n * 31 % 5000:04};"
        f'"Part {n * 17 % 3000} for {TOWNS[n % 5]}, grey and of a size";{n * 13 % 500};{n * 37 % 9000},{n * 7 % 100:02}'
        f" €;{'ja' if n % 3 else 'nein'}\r\n"
    )


def distinct_line(n: int) -> str:
    """Return a row in which hardly a value comes twice in the file: keys, moments, amounts with thousands, decimals, text."""
    mixed = n * 0x9E3779B97F4A7C15 % (1 << 64)
    moment = datetime.datetime(2016, 1, 1) + datetime.timedelta(seconds=mixed % 300_000_000)
    amount = f"{mixed % 99_991:,}".replace(",", ".")
    return (
        f"{mixed:016x};{moment:%d.%m.%Y %H:%M:%S};{amount},{n % 100:02} €;0.{mixed % 999_983:06};Note {mixed >> 24} of {n};"
        f"{'ja' if n % 3 else 'nein'}\r\n"
    )


def big(megabytes: int, python: str, *, distinct: bool) -> None:
    """Print seconds and memory of reading a large file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "big.csv")
        head = "Key;Moment;Amount;Share;Note;Paid" if distinct else "Order;Day;Customer;Article;Text;Qty;Price;Paid"
        line = distinct_line if distinct else usual_line
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(f"{head}\r\n")
            file.writelines(line(n) for n in range(megabytes * 10_500))
        names = {
            "duckdb": "DuckDB, automatic, into a table",
            "pandas": "pandas, told the delimiter",
            "mailbot": "mailbot: load, clean",
            "mailbot-written": "mailbot: load, clean, write",
        }
        runs_in = {peer: sys.executable if peer.startswith("mailbot") else python for peer in names}
        peers = [peer for peer in names if peer.startswith("mailbot") or can(runs_in[peer], peer)]
        rounds = [{peer: asked(runs_in[peer], peer, "--big", str(path)) for peer in peers} for _ in range(ROUNDS)]
        middle = {(peer, what): median(one[peer][what] for one in rounds) for peer in peers for what in ("cpu", "wall")}
        rows = [
            (
                names[peer],
                f"{rounds[0][peer]['found'][0]:,}",
                *(_beside(middle[peer, what], middle.get(("duckdb", what))) for what in ("cpu", "wall")),
                f"{max(one[peer]['megabytes'] for one in rounds):.0f}",
            )
            for peer in peers
        ]
        titles = ("reader", "rows", "CPU s (times DuckDB)", "wall s (times DuckDB)", "MB resident")
        print(f"{path.stat().st_size / 1e6:.0f} MB, medians of {ROUNDS} alternating rounds\n\n" + table(titles, rows))


def _beside(seconds: float, peer: float | None) -> str:
    return f"{seconds:.2f}" + (f" ({seconds / peer:.2f})" if peer else "")


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["dirt", "big"])
    parser.add_argument("--step", type=int, default=5, help="dirt: every n-th row of a table is made the bad one")
    parser.add_argument("--unseen", action="store_true", help="dirt: from the shapes that nothing was settled on")
    parser.add_argument(
        "--drawn", type=int, default=0, help="dirt: from so many tables drawn by seeds from 1000 on, never looked at"
    )
    parser.add_argument("--megabytes", type=int, default=100, help="big: size of the file")
    parser.add_argument("--distinct", action="store_true", help="big: hardly a value comes twice")
    parser.add_argument("--peers-python", default=sys.executable, help="an interpreter that has duckdb, pandas and clevercsv")
    asked_for = parser.parse_args()
    if asked_for.what == "dirt":
        shapes = [drawn(FIRST_SEED + number) for number in range(asked_for.drawn)]
        known = [shape() for shape in (UNSEEN if asked_for.unseen else SEEN)]
        dirt(shapes or known, asked_for.step, asked_for.peers_python)
    else:
        big(asked_for.megabytes, asked_for.peers_python, distinct=asked_for.distinct)


if __name__ == "__main__":
    main()
