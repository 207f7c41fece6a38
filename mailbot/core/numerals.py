"""Numbers in words: Chinese numerals, small ones and those of accounts, and number words before a unit of time."""

from __future__ import annotations

import re

HAN_DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_HAN_PLACES = {"十": 10, "百": 100, "千": 1000}

_WORDS = (
    "2 two zwei deux twee dos", "3 three drei trois drie tres tre", "4 four vier quatre cuatro quattro",
    "5 five fünf cinq vijf cinco cinque", "6 six sechs zes seis sei", "7 seven sieben sept zeven siete sette",
    "8 eight acht huit ocho otto", "9 nine neun neuf negen nueve nove", "10 ten zehn dix tien diez dieci",
    "11 eleven elf onze undici", "12 twelve zwölf douze twaalf doce dodici", "14 fourteen vierzehn quatorze veertien catorce",
    "13 thirteen dreizehn treize dertien trece tredici", "15 fifteen fünfzehn quinze vijftien quince quindici",
    "16 sixteen sechzehn", "18 eighteen achtzehn", "20 twenty zwanzig vingt twintig veinte venti", "21 twenty-one einundzwanzig",
    "24 twenty-four vierundzwanzig", "28 twenty-eight achtundzwanzig", "30 thirty dreißig trente dertig treinta trenta",
    "45 forty-five fünfundvierzig", "48 forty-eight achtundvierzig", "60 sixty sechzig soixante zestig sesenta sessanta",
    "90 ninety neunzig negentig noventa novanta",
)  # fmt: skip
NUMBER_WORDS = {word: int(line.split()[0]) for line in _WORDS for word in line.split()[1:]}
"""What the words mean that stand before a time or a share in business mail; one is left out, which is mostly
no number, and so are words that are other ones in English (due, once)."""


def han_number(written: str) -> int:
    """Return the value of a number below ten thousand in Chinese numerals or in figures, 0 when it is none: 二十五, 两百, 15."""
    if written.isascii():
        return int(written) if written.isdigit() else 0
    total, digit = 0, 0
    for one in written:
        if one in _HAN_PLACES:
            total, digit = total + (digit or 1) * _HAN_PLACES[one], 0
        elif one in HAN_DIGITS:
            digit = HAN_DIGITS[one] + (digit * 10 if digit and not total else 0)
        else:
            return 0
    return total + digit


_CAPITALS = {one: digit for digit, ones in enumerate("零 壹 贰貳弍两 叁參叄 肆 伍 陆陸 柒 捌 玖".split()) for one in ones}
_CAPITAL_PLACES = {"拾": 10, "佰": 100, "仟": 1000}
CAPITAL_AMOUNT = re.compile(
    r"[零壹贰貳叁參叄肆伍陆陸柒捌玖两拾佰仟万萬亿億]{2,}[圆元圓](?:[零壹贰貳叁參叄肆伍陆陸柒捌玖两角分]{2,5})?"
)
"""An amount of money in the capital numerals of Chinese accounts: 壹万肆仟贰佰叁拾捌圆整."""


def capital_cents(written: str) -> int | None:
    """Return the hundredths that an amount in capital numerals stands for, None when it is not well formed."""
    whole, _, part = re.sub("[圆圓]", "元", written).partition("元")
    total, section, digit = 0, 0, None
    for one in whole:
        if one in _CAPITALS:
            if digit:
                return None
            digit = _CAPITALS[one]
        elif one in _CAPITAL_PLACES:
            section, digit = section + (digit or 0) * _CAPITAL_PLACES[one], None
        else:
            unit = 10**8 if one in "亿億" else 10**4
            total, section, digit = total + (section + (digit or 0)) * unit, 0, None
    cents = (total + section + (digit or 0)) * 100
    tenths = re.search(r"(.)角", part)
    hundredths = re.search(r"(.)分", part)
    for match, value in ((tenths, 10), (hundredths, 1)):
        if match and match[1] not in _CAPITALS:
            return None
        cents += _CAPITALS[match[1]] * value if match else 0
    return cents or None
