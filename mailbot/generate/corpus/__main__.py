"""The command `python -m mailbot.generate.corpus`: writes examples as JSON lines."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mailbot.generate.corpus.drills import drills
from mailbot.generate.corpus.write import examples


def main() -> None:
    """Write the examples that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m mailbot.generate.corpus", description="Writes made-up mails and their replies."
    )
    parser.add_argument("--examples", type=int, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--held-out", action="store_true", help="values and mail wordings that are kept from training")
    kind.add_argument("--drills", action="store_true", help="drills in copying instead of mails")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    told = parser.parse_args()
    with told.out.open("w", encoding="utf-8") as file:
        wanted = drills if told.drills else partial(examples, held_out=told.held_out)
        for one in wanted(told.examples, seed=told.seed):
            file.write(json.dumps({**asdict(one), "reply": one.taught}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
