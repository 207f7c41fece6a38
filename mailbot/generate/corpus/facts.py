"""Random values for made-up mail: people, companies, numbers, amounts, dates, goods, each in very many spellings.

A `Story` makes a value when it is first asked for and keeps it, so that mail and reply tell of the same thing. Values of the held-out
side and of training never meet: a value's checksum decides on which side it may stand.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TypeVar

from mailbot.generate import formats

SIDES = 16
"""One value in so many is kept for the held-out side."""

_FIRST_DAY = date(2019, 1, 1)
_DAYS = (date(2032, 12, 31) - _FIRST_DAY).days
_CURRENCIES = {
    "en": "EUR EUR EUR USD USD GBP GBP CHF SEK NOK DKK PLN CZK HUF CAD AUD NZD HKD SGD INR JPY CNY ZAR TRY BRL MXN".split(),
    "zh": "CNY CNY CNY CNY CNY CNY USD USD EUR HKD JPY SGD GBP TWD KRW".split(),
}
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CNY": "¥", "JPY": "¥"}
_IBAN_COUNTRIES = "DE89 18,GB29 18,FR14 23,NL91 14,ES91 20,IT60 23,AT61 16,CH93 17,BE68 12,PL61 24,SE45 20,DK50 14".split(",")
_CONSONANTS = "b bl br c ch cl d dr f fl g gr h j k kl l m n p pl r s sch sh st t tr v w z".split()
_VOWELS = "a e i o u ai ea ei ia io oo ou".split()
_ENDS = " n r l s t m nd rt ck ss th x".split(" ")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

T = TypeVar("T")
Maker = Callable[["Story"], str]


@cache
def words(section: str) -> tuple[str, ...]:
    """Return the words of a section of `phrases/names.txt`: one a line in sections of phrases, else one a word."""
    found: list[str] = []
    name = ""
    for line in (resources.files(__package__) / "phrases" / "names.txt").read_text("utf-8").splitlines():
        if line.startswith("= "):
            name = line[2:].strip()
        elif name == section and line:
            found += [line] if name.partition(" ")[0] in ("item", "legal", "topic", "unit") else line.split()
    return tuple(found)


class Story(dict[str, str]):
    """The values of one example. `language` is the mail's, `reply_language` the one in which facts are written."""

    def __init__(self, rng: random.Random, *, language: str, reply_language: str, held_out: bool) -> None:
        super().__init__()
        self.rng = rng
        self.language = language
        self.reply_language = reply_language
        self.held_out = held_out
        self.currency = self.pick(_CURRENCIES[language])
        self.issued_on = _FIRST_DAY + timedelta(days=int(rng.random() * _DAYS))
        self.due_on = self.issued_on + timedelta(days=self.pick((7, 10, 14, 14, 21, 30, 30, 30, 45, 60, 60, 90)))
        self.gross = Decimal(int(10 ** (1.3 + 5.2 * rng.random()) * (100 if rng.random() < 0.85 else 1))) / (
            100 if rng.random() < 0.9 else 1
        )
        self.date_style = int(rng.random() * 8)
        self.amount_style = int(rng.random() * 9)

    def __missing__(self, name: str) -> str:
        """Make the value, on this story's side."""
        maker = MAKERS[name]
        value = maker(self)
        if name in DIVERSE:
            for _ in range(200):
                if (zlib.crc32(value.encode()) % SIDES == 0) == self.held_out:
                    break
                value = maker(self)
        self[name] = value
        return value

    def pick(self, among: Sequence[T]) -> T:
        """Return one of them."""
        return among[int(self.rng.random() * len(among))]

    def digits(self, count: int) -> str:
        """Return so many figures, the first not zero."""
        return str(int((0.1 + 0.9 * self.rng.random()) * 10**count))

    def chance(self, share: float) -> bool:
        """Return True in that share of cases."""
        return self.rng.random() < share


def syllables(story: Story, least: int = 2, most: int = 3) -> str:
    """Return a word that nobody is called yet."""
    count = story.rng.randint(least, most)
    return ("".join(story.pick(_CONSONANTS) + story.pick(_VOWELS) for _ in range(count)) + story.pick(_ENDS)).capitalize()


def person(story: Story) -> str:
    """Return a person's name as a mail's display name shows it."""
    if (story.language == "zh" and not story.chance(0.2)) or (story.language != "zh" and story.chance(0.03)):
        return (
            story.pick(words("family han"))
            + "".join(story.pick(words("given han")) for _ in range(story.rng.choice((1, 1, 1, 2))))[:2]
        )
    given = syllables(story) if story.chance(0.12) else story.pick(words("given latin"))
    family = syllables(story) if story.chance(0.25) else story.pick(words("family latin"))
    if (style := story.rng.random()) < 0.78:
        return f"{given} {family}"
    if style < 0.84:
        return given
    if style < 0.88:
        return f"{given} {story.pick(tuple(_LETTERS))}. {family}"
    if style < 0.92:
        return f"{given} {family}-{story.pick(words('family latin'))}"
    return f"{story.pick(('Dr.', 'Mr', 'Ms', 'Mrs', 'Herr', 'Frau', 'Prof.'))} {family}"


def company(story: Story) -> str:
    """Return a company's name."""
    if (story.language == "zh" and not story.chance(0.15)) or (story.language != "zh" and story.chance(0.03)):
        middle = "".join(story.pick(words("brand han")) for _ in range(1))
        end = story.pick(("有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司", "厂", "集团"))
        return f"{story.pick(words('place han'))}{'市' if story.chance(0.3) else ''}{middle}{story.pick(words('trade han'))}{end}"
    first = syllables(story) if story.chance(0.4) else story.pick(words("brand latin"))
    if (style := story.rng.random()) < 0.6:
        middle = f"{first} {story.pick(words('trade latin'))}"
    elif style < 0.75:
        middle = (
            f"{story.pick(words('family latin'))} & {story.pick(('Sons', 'Partners', 'Co', story.pick(words('family latin'))))}"
        )
    elif style < 0.85:
        middle = f"{first}{story.pick(('tec', 'tech', 'soft', 'pack', 'works', 'line', 'med', 'plast', 'form', 'x'))}"
    else:
        middle = f"{first} {story.pick(words('brand latin'))} {story.pick(words('trade latin'))}"
    return middle if story.chance(0.15) else f"{middle} {story.pick(words('legal latin'))}"


def desk(story: Story) -> str:
    """Return the name that a desk signs with."""
    if story.reply_language == "zh" and not story.chance(0.2):
        place = story.pick(
            (
                "财务部",
                "应付账款组",
                "采购部",
                "客户服务部",
                "订单中心",
                "客服中心",
                "商务部",
                "销售支持部",
                "物流部",
                "供应链管理部",
            )
        )
        name = f"{story.pick(words('place han'))}{story.pick(words('brand han'))}{story.pick(words('trade han'))}"
        return story.pick(
            (f"{name}有限公司{place}", f"{name}{place}", place, f"{name}有限公司", f"{story.pick(words('brand han'))}{place}")
        )
    first = syllables(story) if story.chance(0.3) else story.pick(words("brand latin"))
    name = f"{first} {story.pick(words('trade latin'))}"
    team = story.pick(
        ("Accounts Payable", "Payables", "Accounts", "Customer Service", "Order Desk", "Orders", "Support", "Purchasing", "Finance Team",
         "Claims", "Service Desk", "Back Office", "Procurement", "Invoice Desk", "Customer Care", "Shared Services", "Sales Support")
    )  # fmt: skip
    return story.pick((f"{team}, {name}", f"{name} {team}", team, f"{name}, {team}", f"{team} | {name}", name, f"{team} {first}"))


def invoice(story: Story) -> str:
    """Return an invoice number in one of many patterns."""
    d, year = story.digits, story.issued_on.year
    two = "".join(story.pick(tuple(_LETTERS)) for _ in range(2))
    three = two + story.pick(tuple(_LETTERS))
    patterns: tuple[Callable[[], str], ...] = (
        lambda: f"RE-{d(4)}/{year % 100}", lambda: f"INV {d(4)}-{d(3)}", lambda: f"{year}{story.issued_on.month:02}-{d(2)}",
        lambda: d(10), lambda: f"F/{year}/{d(3)}", lambda: f"{two}-{d(4)}", lambda: f"{two}-{year}-{d(5)}", lambda: f"{three}{d(6)}",
        lambda: f"INV-{d(5)}", lambda: f"INV{d(7)}", lambda: f"{d(6)}", lambda: f"{d(8)}", lambda: f"R{year % 100}{d(5)}",
        lambda: f"{two}{year}{story.issued_on.month:02}{d(3)}", lambda: f"{d(3)}/{year}", lambda: f"{year}-{d(6)}",
        lambda: f"{d(3)}.{d(3)}.{d(2)}", lambda: f"SI-{d(6)}", lambda: f"{two}/{d(3)}/{d(4)}", lambda: f"No{d(5)}",
        lambda: f"{three}-{d(3)}-{d(2)}", lambda: f"{d(4)}-{two}", lambda: f"I-{year % 100}-{d(4)}", lambda: f"{two.lower()}{d(5)}",
        lambda: f"FA{year}-{d(4)}", lambda: f"{d(2)}{two}{d(6)}", lambda: f"RG{d(8)}", lambda: f"{two}_{d(5)}",
    )  # fmt: skip
    return story.pick(patterns)()


def order(story: Story) -> str:
    """Return an order number in one of many patterns."""
    d, year = story.digits, story.issued_on.year
    two = "".join(story.pick(tuple(_LETTERS)) for _ in range(2))
    patterns: tuple[Callable[[], str], ...] = (
        lambda: f"PO-{d(4)}", lambda: f"PO {d(5)}", lambda: f"PO{d(7)}", lambda: f"45{d(8)}", lambda: f"B-{d(5)}",
        lambda: f"{two}-{d(5)}", lambda: f"ORD-{year}-{d(4)}", lambda: f"{d(7)}", lambda: f"SO{d(6)}", lambda: f"{two}{d(3)}/{year % 100}",
        lambda: f"AB-{d(6)}", lambda: f"{year}/{d(4)}", lambda: f"P{year % 100}-{d(4)}", lambda: f"#{d(5)}", lambda: f"{d(3)}-{d(7)}",
        lambda: f"BST {d(6)}", lambda: f"CG{year}{d(5)}", lambda: f"{two}.{d(4)}.{d(2)}",
    )  # fmt: skip
    return story.pick(patterns)()


def amount(story: Story, value: Decimal, language: str) -> str:
    """Return an amount as a mail writes it; the style is the same within a mail."""
    shown, style, currency = formats.number(value, language, 2), story.amount_style, story.currency
    if language == "zh" and currency == "CNY":
        return (f"{shown} 元", f"{shown}元", f"{value:.2f}元", f"¥{shown}", f"人民币{shown}元", f"RMB {shown}", f"CNY {shown}")[
            style % 7
        ]
    if style == 0 and currency in _SIGNS:
        return f"{_SIGNS[currency]}{shown}"
    if style == 1:
        return f"{currency} {value:.2f}"
    if style == 2:
        return f"{formats.number(value, 'de', 2)} {currency}" if language != "zh" else f"{currency} {shown}"
    return f"{currency} {shown}" if style < 6 else f"{shown} {currency}"


def day(story: Story, value: date, language: str) -> str:
    """Return a date as a mail writes it; the style is the same within a mail."""
    style = story.date_style
    if language == "zh":
        month_day = f"{value.month}月{value.day}日"
        return (month_day, month_day, f"{value.year}年{month_day}", f"{value.year}年{month_day}", value.isoformat(), f"{value:%Y/%m/%d}",
                f"{value.year}.{value.month}.{value.day}", f"{value.month}月{value.day}号")[style]  # fmt: skip
    if language == "de":
        return f"{value:%d.%m.%Y}" if style < 5 else formats.day(value, "de")
    if language == "fr":
        return f"{value:%d/%m/%Y}" if style < 5 else formats.day(value, "fr")
    name = formats.day(value, "en").split()[1]
    return (f"{value.day} {name} {value.year}", f"{value.day} {name}", f"{name} {value.day}", f"{name} {value.day}, {value.year}",
            value.isoformat(), f"{value:%d/%m/%Y}", f"{value:%d.%m.%Y}", f"{value.day} {name[:3]} {value.year}")[style]  # fmt: skip


def meeting(story: Story) -> str:
    """Return the day of an appointment."""
    value = story.issued_on + timedelta(days=story.rng.randint(1, 40))
    if story.language == "zh":
        return f"{value.month}月{value.day}日" + (f"（周{'一二三四五六日'[value.weekday()]}）" if story.chance(0.4) else "")
    month = formats.day(value, "en").split()[1]
    weekday = value.strftime("%A")
    return story.pick((f"{weekday}, {value.day} {month}", f"{value.day} {month}", f"{weekday} {month} {value.day}", f"{value.day} {month} {value.year}",
                       f"{weekday}, {month} {value.day}", weekday, f"next {weekday}"))  # fmt: skip


def clock(story: Story) -> str:
    """Return a time of day."""
    hour, minute = story.rng.randint(8, 17), story.pick((0, 0, 0, 15, 30, 30, 45))
    if story.language == "zh":
        part = "上午" if hour < 12 else "下午"
        shown = hour if hour <= 12 else hour - 12
        return story.pick(
            (
                f"{part}{shown}点{'半' if minute == 30 else '' if minute == 0 else f'{minute}分'}",
                f"{hour}:{minute:02}",
                f"{part}{shown}:{minute:02}",
            )
        )
    half = "am" if hour < 12 else "pm"
    shown = hour if hour <= 12 else hour - 12
    return story.pick(
        (f"{hour}:{minute:02}", f"{hour:02}:{minute:02}", f"{shown}{half}" if not minute else f"{shown}:{minute:02} {half}")
    )


def quantity(story: Story) -> str:
    """Return how many."""
    value = int(10 ** (0.5 + 3.7 * story.rng.random()))
    if story.chance(0.4):
        value = max(5, value // 5 * 5 if value < 100 else value // 50 * 50)
    return f"{value:,}" if value >= 1000 and story.chance(0.6) else str(value)


def unlike(story: Story, maker: Maker, name: str) -> str:
    """Return a value that differs from the story's other one."""
    return next((value for _ in range(20) if (value := maker(story)) != story[name]), "7")


def iban(story: Story) -> str:
    """Return what looks like an IBAN, in groups or not; the checksum means nothing here."""
    head, _, count = story.pick(_IBAN_COUNTRIES).partition(" ")
    whole = head[:2] + story.digits(2) + "".join(story.pick("0123456789") for _ in range(int(count)))
    return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4)) if story.chance(0.4) else whole


def file_name(story: Story) -> str:
    """Return the name of an attachment."""
    end = story.pick(("pdf", "pdf", "pdf", "pdf", "PDF", "jpg", "png", "xlsx", "csv", "tif", "docx", "zip"))
    stem = (story.get("invoice") or story["order"]).replace("/", "-").replace(" ", "_").replace("#", "")
    if story.language == "zh" and story.chance(0.5):
        word = story.pick(("发票", "电子发票", "订单", "采购订单", "扫描件", "对账单", "送货单", "合同", "报价单", "图片"))
        return story.pick(
            (f"{word}{stem}.{end}", f"{word}.{end}", f"{word}-{story.digits(4)}.{end}", f"{word}_{story.issued_on:%Y%m%d}.{end}")
        )
    word = story.pick(
        (
            "Invoice",
            "invoice",
            "Rechnung",
            "scan",
            "Scan",
            "order",
            "PO",
            "document",
            "IMG",
            "doc",
            "Facture",
            "Statement",
            "attachment",
        )
    )
    return story.pick((f"{stem}.{end}", f"{word}-{stem}.{end}", f"{word}_{story.digits(4)}.{end}", f"{word}{story.issued_on:%Y%m%d}.{end}", f"{word}.{end}",
                       f"{word} {stem}.{end}"))  # fmt: skip


def attachments(story: Story) -> str:
    """Return the names of one to three attachments."""
    mark = "、" if story.reply_language == "zh" else ", "
    return mark.join(dict.fromkeys(file_name(story) for _ in range(story.pick((1, 1, 1, 1, 2, 2, 3)))))


def phone(story: Story) -> str:
    """Return a telephone number."""
    d = story.digits
    if story.language == "zh":
        return story.pick((f"1{d(10)}", f"0{d(3)}-{d(8)}", f"021-{d(8)}", f"+86 1{d(2)} {d(4)} {d(4)}"))
    return story.pick(
        (
            f"+44 {d(3)} {d(3)} 0{d(3)}",
            f"+49 {d(3)} {d(6)}",
            f"0{d(4)} {d(5)}",
            f"+1 {d(3)}-{d(3)}-{d(4)}",
            f"+33 {d(1)} {d(2)} {d(2)} {d(2)} {d(2)}",
        )
    )


_PROBLEMS = {
    "encrypted": ("the PDF asks for a password", "PDF 文件有密码保护"),
    "broken": ("the PDF cannot be opened", "PDF 文件无法打开"),
    "picture": ("the picture cannot be decoded", "图片无法解码"),
    "sheet": ("the spreadsheet cannot be opened", "电子表格无法打开"),
    "archive": ("the archive cannot be opened", "压缩包无法打开"),
    "locked archive": ("an archive member asks for a password", "压缩包内的文件有密码"),
    "empty": ("the file has no bytes", "文件内容为空"),
    "faint": ("a page was read with little confidence: a person should look at it", "页面识别可信度低，需要人工查看"),
    "blank": ("a page that is not blank gave no text", "页面非空白，但未识别出文字"),
    "type": ("no reader for this type of file: it is kept and shown, not read", "不支持该文件类型"),
    "large": ("the file is larger than the limit and was not read", "文件超过大小限制，未读取"),
    "unreadable": ("the file could not be opened, or its reader failed on it", "文件无法打开或读取失败"),
}


def problem(story: Story) -> str:
    """Return why a document could not be read; the story keeps which of the reasons it is as `problem <name>`."""
    name = story.pick(tuple(_PROBLEMS))
    story[f"problem {name}"] = name
    return _PROBLEMS[name][story.reply_language == "zh" and not story.chance(0.3)]


MAKERS: dict[str, Maker] = {
    "name": person,
    "desk": desk,
    "supplier": company,
    "customer": company,
    "company": company,
    "other name": person,
    "invoice": invoice,
    "other invoice": lambda story: unlike(story, invoice, "invoice"),
    "order": order,
    "other order": lambda story: unlike(story, order, "order"),
    "invoice date": lambda story: formats.day(story.issued_on, story.reply_language),
    "due date": lambda story: formats.day(story.due_on, story.reply_language),
    "total": lambda story: formats.money(story.gross, story.reply_language, story.currency),
    "subtotal": lambda story: formats.money(round(story.gross / Decimal("1.19"), 2), story.reply_language, story.currency),
    "tax": lambda story: formats.money(story.gross - round(story.gross / Decimal("1.19"), 2), story.reply_language, story.currency),
    "issued": lambda story: day(story, story.issued_on, story.language),
    "due": lambda story: day(story, story.due_on, story.language),
    "later": lambda story: day(story, story.due_on + timedelta(days=story.rng.randint(3, 50)), story.language),
    "sum": lambda story: amount(story, story.gross, story.language),
    "other sum": lambda story: amount(story, round(story.gross * story.rng.randint(40, 170) / 100, 2), story.language),
    "iban": iban,
    "rows": lambda story: str(int(10 ** (2.6 * story.rng.random())) + 1),
    "attachments": attachments,
    "problem": problem,
    "quantity": quantity,
    "other quantity": lambda story: unlike(story, quantity, "quantity"),
    "item": lambda story: story.pick(words(f"item {'zh' if story.language == 'zh' else 'en'}")),
    "meeting": meeting,
    "time": clock,
    "phone": phone,
    "topic": lambda story: story.pick(words(f"topic {'zh' if story.language == 'zh' else 'en'}")),
}
"""How each value is made. `sum`, `issued`, `due`, `later` stand in mails, in the mail's spelling; facts in the reply's."""

DIVERSE = frozenset("name desk supplier customer company invoice order total iban attachments sum phone".split()) | {
    "other name",
    "other invoice",
    "other order",
    "other sum",
    "subtotal",
    "tax",
}
"""The values whose held-out share training never sees; the others have too few spellings for that."""
