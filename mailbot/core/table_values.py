"""Reads one cell's value (number, money, percentage, date, truth) under a stated convention, exactly or not at all."""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import Decimal
from typing import Literal

DecimalMark = Literal[".", ","]
DateOrder = Literal["ymd", "dmy", "mdy"]

TRUTH_WORDS: dict[str, tuple[str, ...]] = {
    "en": ("yes no", "true false", "y n"), "de": ("ja nein", "wahr falsch", "j n"), "fr": ("oui non", "vrai faux", "o n"),
    "es": ("sí no", "si no", "verdadero falso"), "it": ("sì no", "si no", "vero falso"),
    "pt": ("sim não", "sim nao", "verdadeiro falso"),
    "nl": ("ja nee", "waar onwaar"), "pl": ("tak nie", "prawda fałsz"), "sv": ("ja nej", "sant falskt"),
    "da": ("ja nej", "sandt falsk"), "no": ("ja nei",), "fi": ("kyllä ei",), "cs": ("ano ne",),
    "ru": ("да нет",), "zh": ("是 否", "真 假", "有 无"), "ja": ("はい いいえ",), "hu": ("igen nem",), "tr": ("evet hayır",),
    "ro": ("da nu",), "sk": ("áno nie",), "uk": ("так ні",), "el": ("ναι όχι",), "ko": ("예 아니요", "예 아니오"),
}  # fmt: skip
"""Language → its pairs of words for true and false, lower case."""

UNITS = frozenset(
    """mg g kg t lb lbs oz ml cl dl l hl µm mm cm m km in ft yd mm² cm² m² km² m2 cm³ m³ m3 h hrs hours min days tage wh kwh
    mwh w kw mw °c °f k pa bar mb gb tb ounce ounces pc pcs pieces piece ea stk stk. stck stück st. st units unit box
    boxes pack packs pal kar kartons 个 個 件 台 箱 只 套 公斤 千克 克 吨 米 厘米 升""".split()
)
"""Units that may stand after a figure, lower case: nothing else is split off, so "12a" stays a house number."""

CURRENCIES = {
    "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "us$": "USD", "usd": "USD", "chf": "CHF", "sfr.": "CHF", "fr.": "CHF",
    "元": "CNY", "rmb": "CNY", "cny": "CNY", "人民币": "CNY", "円": "JPY", "jpy": "JPY", "₹": "INR", "inr": "INR",
    "₽": "RUB", "₩": "KRW",
    "₺": "TRY", "zł": "PLN", "pln": "PLN", "kč": "CZK", "czk": "CZK", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "cad": "CAD",
    "c$": "CAD", "aud": "AUD", "a$": "AUD", "hk$": "HKD", "hkd": "HKD", "nz$": "NZD", "s$": "SGD", "sgd": "SGD", "huf": "HUF",
    "r$": "BRL", "brl": "BRL", "mx$": "MXN", "mxn": "MXN", "₪": "ILS", "ils": "ILS", "฿": "THB", "thb": "THB", "₫": "VND",
    "lei": "RON", "ron": "RON", "лв.": "BGN", "bgn": "BGN", "руб.": "RUB", "rub": "RUB", "грн": "UAH", "uah": "UAH",
    "₴": "UAH", "zar": "ZAR", "try": "TRY", "tl": "TRY", "krw": "KRW", "nt$": "TWD", "twd": "TWD", "aed": "AED",
    "$": "$", "¥": "¥", "￥": "¥", "kr": "kr", "kr.": "kr",
}  # fmt: skip
"""Sign or code as written (lower case) → ISO 4217; what several currencies share ($, ¥, kr) stays as it stands."""

_SIGN = "|".join(sorted((re.escape(sign) for sign in CURRENCIES), key=len, reverse=True))
_LEADING = re.compile(rf"\s*([-+−(]?)\s*({_SIGN})\s*(?=[-+−(.,\d])", re.IGNORECASE)
_TRAILING = re.compile(rf"(?<=[\d)\-–—.,])\s*({_SIGN})\s*(\)?)\s*$", re.IGNORECASE)
_SPACES = r" \u00a0\u2009\u202f"
_GROUPS = {
    ".": re.compile(rf"(?:\d+|\d{{1,3}}(?:([,'’{_SPACES}])\d{{3}})(?:\1\d{{3}})*|\d{{1,2}}(?:,\d{{2}})+,\d{{3}})?(?:\.\d*)?"),
    ",": re.compile(rf"(?:\d+|\d{{1,3}}(?:([.'’{_SPACES}])\d{{3}})(?:\1\d{{3}})*)?(?:,\d*)?"),
}

_NO_CENTS = re.compile(r"(?<=\d)[.,](?:[-–—]{1,2}|=)$")
_POWER = re.compile(r"[eE][-+]?\d{1,2}$")


def number(text: str, mark: DecimalMark) -> Decimal | None:
    """Return a number written with that decimal mark and any thousands separator beside it, or None.

    Negative are -1, −1, 1- and (1); "5,-" and "5.--" are 5. Leading zeros ("007") are no number but an id.
    """
    body = _NO_CENTS.sub("", text.strip())
    negative = False
    if body.startswith("(") and body.endswith(")"):
        negative, body = True, body[1:-1].strip()
    if body[:1] in ("-", "−", "+"):
        negative, body = negative != (body[0] != "+"), body[1:].strip()
    elif body.endswith("-"):
        negative, body = not negative, body[:-1].strip()
    exponent = ""
    if power := _POWER.search(body):
        exponent, body = power[0], body[: power.start()]
    whole, _, fraction = body.partition(mark)
    if len(body) > 60 or not any(c.isdigit() for c in body) or not _GROUPS[mark].fullmatch(body) or re.match("0.", whole):
        return None
    digits = re.sub(r"\D", "", whole) or "0"
    value = Decimal(f"{digits}.{fraction}{exponent}" if fraction else f"{digits}{exponent}")
    return -value if negative else value


def plain(value: Decimal) -> str:
    """Return a number as text with a decimal point, no thousands, no exponent, its zeros kept ("12.50")."""
    return format(value, "f")


def split_currency(text: str) -> tuple[str, str]:
    """Return the currency of a cell (see CURRENCIES, "" for none) and the rest of it."""
    if found := _LEADING.match(text):
        rest = f"{found[1]}{text[found.end() :]}"
        return CURRENCIES[found[2].lower()], rest
    if found := _TRAILING.search(text):
        return CURRENCIES[found[1].lower()], text[: found.start()] + found[2]
    return "", text


_WITH_UNIT = re.compile(r"(.*?[\d)])\s*([^\d\s().,'’%]{1,7}\.?|[a-zµ]{1,2}[23])", re.IGNORECASE | re.DOTALL)


def split_unit(text: str) -> tuple[str, str]:
    """Return the unit that stands after a figure (one of UNITS, as written, "" for none) and the rest of the cell."""
    found = _WITH_UNIT.fullmatch(text.strip())
    if found and {found[2].lower(), found[2].lower().rstrip(".")} & UNITS:
        return found[2], found[1]
    return "", text


_SAME_UNITS = {
    word: words.split()[0]
    for words in ("oz ounce ounces", "lb lbs", "pcs pc piece pieces", "stk stck stück st", "h hrs hours", "m² m2", "m³ m3",
                  "box boxes", "pack packs", "unit units")
    for word in words.split()
}  # fmt: skip


def same_unit(unit: str) -> str:
    """Return a unit as units are compared: "Oz." and "ounces" are both "oz"."""
    bare = unit.lower().rstrip(".")
    return _SAME_UNITS.get(bare, bare)


_PERCENT = re.compile(r"(.*?\d[).,]?)\s*(?:[%％]|percent|per cent|prozent|pct\.?|pour cent)|[%％]\s*(\d.*)", re.IGNORECASE)


def split_percent(text: str) -> str | None:
    """Return the figure that a percent sign (or word) stands at, or None when there is none."""
    found = _PERCENT.fullmatch(text.strip())
    return (found[1] or found[2]).strip() if found else None


_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "jan january januar jänner janvier enero janv gennaio janeiro januari stycznia ledna januára января янв ocak",
            "feb february februar février febrero févr febbraio fevereiro februari lutego února февраля фев şubat",
            "mar march märz mars marzo mär março maart marts marca března марта мар mart",
            "apr april avril abril avr aprile kwietnia dubna апреля апр nisan",
            "may mai mayo maggio maio mei maj maja května мая mayıs",
            "jun june juni juin junio giugno junho czerwca června июня июн haziran",
            "jul july juli juillet julio juil luglio julho lipca července июля июл temmuz",
            "aug august août agosto augusti augustus sierpnia srpna августа авг ağustos",
            "sep sept september septembre septiembre settembre setembro września září сентября сен eylül",
            "oct october oktober octobre octubre okt ottobre outubro października října октября окт ekim",
            "nov november novembre noviembre novembro listopada ноября ноя kasım",
            "dec december dezember décembre diciembre dez déc dicembre dezembro desember grudnia prosince декабря дек aralık",
        ),
        1,
    )
    for name in names.split()
}
"""The months as dates name them, in the languages that desks meet; where two languages differ (listopad) only one is here."""
_WEEKDAY = re.compile(
    r"(?:mon|tues?|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|mo|di|mi|do|fr|sa|so|(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|mittwoch|sonnabend|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    r"|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?(?:\s*(?P<zone>Z|[+-]\d{2}:?\d{2}))?$", re.I
)
_ORDERED: dict[str, re.Pattern[str]] = {
    "ymd": re.compile(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})"),
    "dmy": re.compile(r"(?P<d>\d{1,2})(?P<sep>[-/]|\. ?)(?P<m>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})"),
    "mdy": re.compile(r"(?P<m>\d{1,2})(?P<sep>[-/])(?P<d>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})"),
}
_WORDED = (
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?[-/ ]*(?:de )?(?P<name>[^\W\d_]+)\.?,?(?: de)?[-/ ]+(?P<y>\d{4}|\d{2})"),
    re.compile(r"(?P<name>[^\W\d_]+)\.?[- ](?P<d>\d{1,2})(?:st|nd|rd|th)?,[- ]*(?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日"),
)


def date(text: str, order: DateOrder) -> str | None:
    """Return a date (with its time, when it has one) in ISO 8601, or None.

    `order` rules where only figures and strokes stand; dots are always day.month.year.
    Years of two figures: 70 to 99 are 19xx (POSIX strptime, %y).
    """
    body = unicodedata.normalize("NFKC", text).strip()
    clock = ""
    if (day := re.match(r"([^\W\d_]+)\.?,? +(?=\S)", body)) and _WEEKDAY.fullmatch(day[1]):
        body = body[day.end() :]
    if (found := re.match(r"(.*?\d(?:日)?)[T ,]+(\d{1,2}:.*)$", body)) and (time := _time(found[2])):
        body, clock = found[1], f"T{time}"
    for pattern in (_ORDERED["ymd"], *([] if order == "ymd" else [_ORDERED[order]]), *_WORDED):
        if match := pattern.fullmatch(body):
            groups = match.groupdict()
            if groups.get("sep") == "." and order == "mdy":
                return None
            month = _MONTHS.get(groups["name"].lower(), 0) if groups.get("name") else int(groups["m"])
            year = int(groups["y"])
            year += 0 if len(groups["y"]) == 4 else 1900 if year >= 70 else 2000
            try:
                return datetime.date(year, month, int(groups["d"])).isoformat() + clock
            except ValueError:
                return None
    return None


def from_serial(text: str) -> str | None:
    """Return the day that a spreadsheet's serial number means (ECMA-376 part 1, 18.17.4.1; the 1900 system), or None."""
    if not re.fullmatch(r"\d{1,6}(?:\.0+)?", text):
        return None
    return (datetime.date(1899, 12, 30) + datetime.timedelta(days=int(float(text)))).isoformat()


def _time(text: str) -> str:
    """Return a time of day as HH:MM:SS with its zone, or ""."""
    found = _CLOCK.match(text)
    if not found:
        return ""
    hour = int(found["h"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower().startswith("p") else 0)
    if hour > 23 or int(found["m"]) > 59 or int(found["s"] or 0) > 59:
        return ""
    return f"{hour:02}:{found['m']}:{found['s'] or '00'}{(found['zone'] or '').upper()}"
