"""A small corpus to train on: replies that copy a name and an amount of their brief."""

from __future__ import annotations

import json
import random
from pathlib import Path

from mailbot.core.brief import brief


def write_examples(file: Path, many: int = 240) -> Path:
    """Write so many examples, two of each thread, as JSON Lines."""
    chosen = random.Random(7)
    with file.open("w", encoding="utf-8") as lines:
        for number in range(many):
            name, amount = chosen.choice(["Ann", "Bob", "李先生"]), f"{chosen.randint(1, 99)}.00"
            language = "zh" if name == "李先生" else "en"
            kind = chosen.choice(["received", "paid"])
            prompt = brief(kind=kind, language=language, desk="Desk", facts={"name": name, "total": amount})
            reply = f"{name}您好,金额{amount}。" if language == "zh" else f"Dear {name}, {amount} is {kind}."
            example = {"thread": f"t{number // 2}", "prompt": prompt, "reply": reply, "kind": kind, "language": language}
            lines.write(json.dumps(example, ensure_ascii=False) + "\n")
    return file
