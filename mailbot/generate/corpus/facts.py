"""Random values for made-up mail: people, companies, numbers, amounts, dates, goods, each in very many spellings.

A `Story` makes a value when it is first asked for and keeps it, so that mail and reply tell of the same thing. A value's checksum
decides whether training or the held-out side may have it, so that the two never meet.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TypeVar

from mailbot.core.brief import MAX_FACT_BYTES
from mailbot.generate import formats
from mailbot.generate.corpus.grammar import Grammar

SIDES = 16
"""One value in so many is kept for the held-out side."""

_FIRST_DAY = date(2019, 1, 1)
_DAYS = (date(2032, 12, 31) - _FIRST_DAY).days
_CURRENCIES = {
    "zh": "CNY CNY CNY CNY CNY CNY USD USD EUR HKD JPY SGD GBP TWD KRW".split(),
    "": "EUR EUR EUR USD USD GBP GBP CHF SEK NOK DKK PLN CZK HUF CAD AUD NZD HKD SGD INR JPY CNY ZAR TRY BRL MXN".split(),
}
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CNY": "¥", "JPY": "¥"}
_TAX_RATES = (Decimal("1.19"), Decimal("1.2"), Decimal("1.21"), Decimal("1.13"), Decimal("1.06"), Decimal("1.07"), Decimal("1.1"))
_CONSONANTS = "b bl br c ch cl d dr f fl g gr h j k kl l m n p pl r s sch sh st t tr v w z".split()
_VOWELS = "a e i o u a e i o ai ea ei ia io oo ou".split()
_ENDS = ("", "", "n", "r", "l", "s", "t", "m", "nd", "rt", "ck", "ss", "th", "x")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_BLANK = re.compile("[°^]")
_UNSAFE = re.compile(r"[^\w.-]+")

T = TypeVar("T")
Maker = Callable[["Story"], str]


@cache
def values() -> Grammar:
    """Return the grammar that names and numbers are made with."""
    return Grammar((resources.files(__package__) / "phrases" / "values.txt").read_text("utf-8"))


class Story(dict[str, str]):
    """The values of one example. `language` is the mail's, `reply_language` the one in which facts are written."""

    def __init__(self, rng: random.Random, *, language: str, reply_language: str, held_out: bool) -> None:
        super().__init__()
        self.rng = rng
        self.language = language
        self.reply_language = reply_language
        self.held_out = held_out
        self.currency = self.pick(_CURRENCIES.get(language, _CURRENCIES[""]))
        self.issued_on = _FIRST_DAY + timedelta(days=int(rng.random() * _DAYS))
        self.due_on = self.issued_on + timedelta(days=self.pick((7, 10, 14, 14, 21, 30, 30, 30, 45, 60, 60, 90)))
        self.gross = self._gross()
        while not self._mine(self["total"]):
            self.gross = self._gross()
            del self["total"]
        self.net = round(self.gross / self.pick(_TAX_RATES), 2)
        self.date_style = int(rng.random() * 8)
        self.amount_style = int(rng.random() * 9)

    def __missing__(self, name: str) -> str:
        """Make the value, on this story's side."""
        maker = MAKERS[name]
        value = maker(self)
        if name in DIVERSE:
            while not self._mine(value):
                value = maker(self)
        if name != "syllables":
            self[name] = value
        return value

    def _mine(self, value: str) -> bool:
        """Tell whether a value is of this story's side."""
        return (zlib.crc32(value.encode()) % SIDES == 0) == self.held_out

    def _gross(self) -> Decimal:
        """Return an amount between 6 and 1,600,000, in cents or not."""
        whole = int(10 ** (0.8 + 5.4 * self.rng.random()))
        return whole + Decimal(self.pick((0, 0, int(100 * self.rng.random())))) / 100

    def pick(self, among: Sequence[T]) -> T:
        """Return one of them."""
        return among[int(self.rng.random() * len(among))]

    def made(self, section: str, language: str | None = None) -> str:
        """Return a wording of the table of values in this language, its blanks filled."""
        if language is not None:
            section = f"{section} {'zh' if language == 'zh' else 'en'}"
        return _BLANK.sub(self._filled, values().write(section, self, self.rng).text)

    def _filled(self, blank: re.Match[str]) -> str:
        return self.pick("0123456789" if blank[0] == "°" else _LETTERS)


def syllables(story: Story) -> str:
    """Return a word that nobody is called yet."""
    count = story.pick((1, 2, 2, 2, 3))
    return ("".join(story.pick(_CONSONANTS) + story.pick(_VOWELS) for _ in range(count)) + story.pick(_ENDS)).capitalize()


def amount(story: Story, value: Decimal) -> str:
    """Return an amount as the mail writes it; the style is the same within a mail."""
    language, style, currency = story.language, story.amount_style, story.currency
    shown = formats.number(value, language, 2)
    if language == "zh" and currency == "CNY":
        return (f"{shown} 元", f"{shown}元", f"{value:.2f}元", f"¥{shown}", f"人民币{shown}元", f"RMB {shown}", f"CNY {shown}")[
            style % 7
        ]
    if style == 0 and currency in _SIGNS:
        return f"{_SIGNS[currency]}{shown}"
    if style == 1:
        return f"{currency} {value:.2f}"
    if style == 2 and language != "zh":
        return f"{formats.number(value, 'de', 2)} {currency}"
    return f"{currency} {shown}" if style < 6 else f"{shown} {currency}"


def day(story: Story, value: date) -> str:
    """Return a date as the mail writes it; the style is the same within a mail."""
    language, style = story.language, story.date_style
    if language == "zh":
        short = f"{value.month}月{value.day}日"
        long, slashes, dots = f"{value.year}年{short}", f"{value:%Y/%m/%d}", f"{value.year}.{value.month}.{value.day}"
        return (short, short, long, long, value.isoformat(), slashes, dots, f"{value.month}月{value.day}号")[style]
    if language in ("de", "fr"):
        figures = f"{value:%d.%m.%Y}" if language == "de" else f"{value:%d/%m/%Y}"
        return figures if style < 5 else formats.day(value, language)
    month = formats.day(value, "en").split()[1]
    worded = (
        f"{value.day} {month} {value.year}",
        f"{value.day} {month}",
        f"{month} {value.day}",
        f"{month} {value.day}, {value.year}",
    )
    return (*worded, value.isoformat(), f"{value:%d/%m/%Y}", f"{value:%d.%m.%Y}", f"{value.day} {month[:3]} {value.year}")[style]


def meeting(story: Story) -> str:
    """Return the day of an appointment, a working day."""
    value = story.issued_on + timedelta(days=story.rng.randint(1, 40))
    value += timedelta(days=max(0, 7 - value.weekday()) if value.weekday() > 4 else 0)
    if story.language == "zh":
        weekday = "一二三四五"[value.weekday()]
        return (
            f"{story.pick(('', '', '下'))}周{weekday}"
            if story.rng.random() < 0.2
            else (f"{value.month}月{value.day}日" + story.pick(("", "", f"（周{weekday}）", f"（星期{weekday}）")))
        )
    if story.language in ("de", "fr"):
        return day(story, value)
    month, weekday = formats.day(value, "en").split()[1], value.strftime("%A")
    dated = (
        f"{weekday}, {value.day} {month}",
        f"{value.day} {month}",
        f"{weekday} {month} {value.day}",
        f"{weekday}, {month} {value.day}",
    )
    return story.pick((*dated, f"{value.day} {month} {value.year}", weekday, f"next {weekday}"))


def clock(story: Story) -> str:
    """Return a time of the working day."""
    hour, minute = story.rng.randint(8, 17), story.pick((0, 0, 0, 15, 30, 30, 45))
    early, twelve = hour < 12, hour if hour <= 12 else hour - 12
    if story.language == "zh":
        part = "上午" if early else "下午"
        rest = "半" if minute == 30 else f"{minute}分" if minute else ""
        return story.pick((f"{part}{twelve}点{rest}", f"{hour}:{minute:02}", f"{part}{twelve}:{minute:02}"))
    half = "am" if early else "pm"
    return story.pick(
        (f"{hour}:{minute:02}", f"{hour:02}:{minute:02}", f"{twelve}:{minute:02} {half}" if minute else f"{twelve} {half}")
    )


def quantity(story: Story) -> str:
    """Return how many, two or more."""
    value = max(2, int(10 ** (0.4 + 3.6 * story.rng.random())))
    if story.rng.random() < 0.4:
        value = max(5, value // 5 * 5 if value < 100 else value // 50 * 50)
    return f"{value:,}" if value >= 1000 and story.rng.random() < 0.6 else str(value)


def fewer(story: Story) -> str:
    """Return a part of the story's quantity."""
    whole = int(story["quantity"].replace(",", ""))
    return str(max(1, int(whole * (0.02 + 0.5 * story.rng.random()))))


def unlike(story: Story, maker: Maker, name: str) -> str:
    """Return a value that differs from the story's other one."""
    other = story[name]
    value = other
    while value == other:
        value = maker(story)
    return value


def attachments(story: Story) -> str:
    """Return the names of one to three attachments, as many as a fact has room for."""
    mark = "、" if story.reply_language == "zh" else ", "
    names = dict.fromkeys(story.made("file", story.language) for _ in range(story.pick((1, 1, 1, 1, 2, 2, 3))))
    whole = mark.join(names)
    return whole if len(whole.encode()) <= MAX_FACT_BYTES else next(iter(names))


PROBLEMS = {
    "locked": ("the PDF asks for a password", "{file} asks for a password", "{file}：PDF 有密码保护"),
    "locked archive": ("an archive member asks for a password", "an archive member asks for a password", "压缩包内的文件有密码"),
    "broken": ("the PDF cannot be opened", "{file} cannot be opened", "{file} 无法打开"),
    "picture": ("the picture cannot be decoded", "{file}: the picture cannot be decoded", "图片无法解码"),
    "spreadsheet": ("the spreadsheet cannot be opened", "{file} cannot be opened as a spreadsheet", "电子表格无法打开"),
    "archive": ("the archive cannot be opened", "{file}: the archive cannot be opened", "压缩包无法打开"),
    "empty": ("the file has no bytes", "{file} has no bytes", "{file} 内容为空"),
    "faint": ("a page was read with little confidence", "{file}: page 1 was read with little confidence", "页面识别可信度低"),
    "blank": ("a page that is not blank gave no text", "{file}: page 1 gave no text", "页面非空白，但未识别出文字"),
    "type": ("no reader for this type of file", "{file}: no reader for this type of file", "不支持该文件类型"),
    "large": ("the file is larger than the limit and was not read", "{file} is larger than the limit", "文件超过大小限制"),
    "unreadable": ("the file could not be opened, or its reader failed on it", "{file}: its reader failed", "文件读取失败"),
}
"""Why a document could not be read: as a problem code words it, as a reader tells it of a file, and in Chinese."""


def problem(story: Story) -> str:
    """Return why a document could not be read; the story notes which reason it is as `problem NAME`."""
    name = story.pick(tuple(PROBLEMS))
    story[f"problem {name}"] = name
    wordings = PROBLEMS[name] if story.reply_language == "zh" else PROBLEMS[name][:2]
    first = re.split("、|, ", story["attachments"])[0]
    return story.pick(wordings).replace("{file}", first)


MAKERS: dict[str, Maker] = {
    "name": lambda story: story.made("person", story.language),
    "other name": lambda story: story.made("person", story.language),
    "desk": lambda story: story.made("desk", story.reply_language),
    "supplier": lambda story: story.made("company", story.language),
    "customer": lambda story: story.made("company", story.language),
    "company": lambda story: story.made("company", story.language),
    "invoice": lambda story: story.made("invoice"),
    "other invoice": lambda story: unlike(story, MAKERS["invoice"], "invoice"),
    "order": lambda story: story.made("order"),
    "other order": lambda story: unlike(story, MAKERS["order"], "order"),
    "iban": lambda story: story.made("iban"),
    "phone": lambda story: story.made("phone", story.language),
    "item": lambda story: story.made("item", story.language),
    "topic": lambda story: story.made("topic", story.language),
    "invoice date": lambda story: formats.day(story.issued_on, story.reply_language),
    "due date": lambda story: formats.day(story.due_on, story.reply_language),
    "total": lambda story: formats.money(story.gross, story.reply_language, story.currency),
    "subtotal": lambda story: formats.money(story.net, story.reply_language, story.currency),
    "tax": lambda story: formats.money(story.gross - story.net, story.reply_language, story.currency),
    "issued": lambda story: day(story, story.issued_on),
    "due": lambda story: day(story, story.due_on),
    "later": lambda story: day(story, story.due_on + timedelta(days=story.rng.randint(3, 50))),
    "sum": lambda story: amount(story, story.gross),
    "other sum": lambda story: amount(story, round(story.gross * story.rng.randint(30, 95) / 100, 2)),
    "rows": lambda story: str(int(10 ** (2.6 * story.rng.random())) + 1),
    "attachments": attachments,
    "problem": problem,
    "quantity": quantity,
    "other quantity": lambda story: unlike(story, quantity, "quantity"),
    "fewer": fewer,
    "meeting": meeting,
    "time": clock,
    "syllables": syllables,
    "stem": lambda story: _UNSAFE.sub("-", story.get("invoice") or story["order"]).strip("-"),
    "yyyy": lambda story: str(story.issued_on.year),
    "yy": lambda story: f"{story.issued_on:%y}",
    "mm": lambda story: f"{story.issued_on:%m}",
    "dd": lambda story: f"{story.issued_on:%d}",
}
"""How each value is made. `sum`, `issued`, `due`, `later` are as the mail spells them, the facts as the reply is to."""

DIVERSE = frozenset("name desk supplier customer company invoice order iban attachments phone".split()) | {
    "other name", "other invoice", "other order",
}  # fmt: skip
"""The values of which, as of the total, training never sees the held-out share; the others have too few spellings for that."""
