"""Small whole numbers in words: Chinese numerals, and the number words before a unit of time in the languages of the desk."""

from __future__ import annotations

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
