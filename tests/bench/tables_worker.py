"""Reads delimited files with one library's automatic reader, for `bench_tables`; needs no mailbot, so any interpreter can run it.

`python tables_worker.py PEER FILE...` prints one JSON line: the rows of each file as text (null where it gave up), CPU and
resident megabytes at most. With one FILE after `--big` the rows are only counted.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

Grid = list[list[str]]


def rows_duckdb(path: str) -> Grid:
    """Return columns and rows as text, not typed, so that cells stand as in the file."""
    import duckdb

    found = duckdb.connect().execute("select * from read_csv_auto(?, all_varchar = true)", [path])
    names = [column[0] for column in found.description or []]
    return [names, *([cell or "" for cell in row] for row in found.fetchall())]


def rows_pandas(path: str) -> Grid:
    """Return what pandas reads when it is told to sniff the delimiter."""
    import pandas as pd

    frame = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    return [[str(name) for name in frame.columns], *frame.fillna("").astype(str).values.tolist()]


def rows_clevercsv(path: str) -> Grid:
    """Return the rows under the dialect that clevercsv detects."""
    import clevercsv

    return [list(map(str, row)) for row in clevercsv.read_table(path)]


def count_duckdb(path: str) -> int:
    """Return how many rows DuckDB reads into a table of its own types."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("create table t as select * from read_csv_auto(?)", [path])
    return int((connection.execute("select count(*) from t").fetchone() or (0,))[0])


def count_pandas(path: str) -> int:
    """Return how many rows pandas reads with its C parser, told the delimiter: sniffing takes the Python one, many times slower."""
    import pandas as pd

    return len(pd.read_csv(path, sep=";"))


def count_mailbot(path: str, *, written: bool = False) -> int:
    """Return how many rows mailbot loads and cleans."""
    from pathlib import Path

    from mailbot.core.table_values import TRUTH_WORDS
    from mailbot.extract import bulk, bulk_clean, bulk_files

    cleaned = bulk_clean.clean(bulk.load(Path(path).read_bytes()), truths=tuple(TRUTH_WORDS))
    if written:
        bulk_files.to_csv([column.name for column in cleaned.about.columns], cleaned.columns, safe=True)
    return cleaned.size


def count_mailbot_written(path: str) -> int:
    """Return how many rows mailbot loads, cleans and writes as CSV."""
    return count_mailbot(path, written=True)


ROWS: dict[str, Callable[[str], Grid]] = {"duckdb": rows_duckdb, "pandas": rows_pandas, "clevercsv": rows_clevercsv}
COUNTS: dict[str, Callable[[str], int]] = {
    "duckdb": count_duckdb,
    "pandas": count_pandas,
    "mailbot": count_mailbot,
    "mailbot-written": count_mailbot_written,
}
NEEDED = {"mailbot": ("mailbot.extract.bulk_clean", "pandas", "ftfy", "pyarrow.csv"), "pandas": ("pandas", "numpy")}
"""What each reader imports before it is timed, where that is more than itself."""


def main() -> None:
    """Print the JSON line."""
    peer, *paths = sys.argv[1:]
    big = paths[0] == "--big"
    library = peer.partition("-")[0]
    for module in NEEDED.get(library, (library,)):
        __import__(module)
    begun, clock, found = time.process_time(), time.perf_counter(), []
    for path in paths[1:] if big else paths:
        try:
            found.append(COUNTS[peer](path) if big else ROWS[peer](path))
        except Exception:  # a peer that cannot read a dirty file gave up on it
            found.append(None)
    cpu, wall = time.process_time() - begun, time.perf_counter() - clock
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"found": found, "cpu": cpu, "wall": wall, "megabytes": megabytes}))


if __name__ == "__main__":
    main()
