"""Finds what is new in a mail: its text without quotes of earlier mails and without the signature.

mail-parser-reply knows the reply headers and signatures of many languages; its regular expressions are quadratic in blank lines, so
it is given the beginning of the text only, with blank lines collapsed. What it cannot see, the line rules here do.
"""

from __future__ import annotations

import re
from collections import Counter

MAX_TEXT = 8_000
"""Characters that are searched for the first quote; in a longer text new words stand above that or everywhere."""
MAX_LINE = 1_000
"""Characters of a line up to which the library is asked: it looks for `On … wrote` from every `On`."""

_BLANK_LINES = re.compile(r"\n[ \t\r\f\v\u00a0\u200b]*(?:\n[ \t\r\f\v\u00a0\u200b]*)++")
_INNER_SPACE = re.compile(r"[ \t\u00a0]{8,}")
_WORD = re.compile(r"[^\W\d_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_TELLING = {
    "de": "und der die das ist nicht mit für wir ihre grüße grüßen schrieb gesendet",
    "fr": "et le la les des est pour nous vous votre cordialement merci envoyé",
    "es": "el los las para por que con su saludos gracias enviado escribió",
    "it": "il che per con una sono della saluti grazie inviato scritto",
    "nl": "het een van voor met niet wij uw groet groeten verzonden schreef",
    "pl": "nie jest dla się oraz pozdrawiam pozdrowieniami pisze napisał wysłano",
    "cs": "je pro není jsme prosím pozdravem děkuji napsal odesláno",
    "da": "og er det til ikke jeg venlig hilsen skrev sendt",
    "sv": "och är det inte för vi hälsning hälsningar skrev skickat",
}
_LANGUAGES = {word: language for language, words in _TELLING.items() for word in words.split()}
"""Words of which two say that a text may be in that language: each language takes the library a third of a millisecond."""

_QUOTE_BEGINS = re.compile(
    r"^[ \t]*(?:"
    r"-{2,}[ ]?(?:Original[ -]Message|Forwarded message|Ursprüngliche Nachricht|Weitergeleitete Nachricht|Message d'origine"
    r"|Mensaje original|Messaggio originale|Oorspronkelijk bericht|原始邮件|原始郵件|转发邮件|元のメッセージ)"
    r"|Begin forwarded message:|_{20,}[ \t]*$"
    r"|(?:From|Von|De|Da|Van|发件人|寄件者|差出人)[ ]?[:：][^\n]{1,200}\n(?:[^\n]{0,200}\n){0,2}"
    r"[ \t]*(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado|Inviato|Verzonden|To|An|发送时间|日期|寄件日期|送信日時)[ ]?[:：]"
    r"|(?:On|Am|Le|El|Il|Op)\b[^\n]{5,200}\n?[^\n]{0,200}"
    r"(?:wrote|schrieb[^\n]{0,120}|a écrit|escribió|ha scritto|schreef[^\n]{0,120})[ ]?:[ \t]*$"
    r"|(?:在|于|於)?[^\n]{4,200}(?:写道|寫道|書きました)[ ]?[:：][ \t]*$"
    r")",
    re.MULTILINE,
)
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


def new_text(text: str) -> str:
    """Return the words that this mail adds to its thread."""
    text = _INNER_SPACE.sub("  ", _BLANK_LINES.sub("\n\n", text)).strip()
    head = text[:MAX_TEXT]
    quote = _QUOTE_BEGINS.search(head)
    above = head[: quote.start()] if quote else head
    if any(not _is_quoted(line) and line.strip() for line in above.splitlines()):
        new = _by_library(above)
        if not quote and len(text) > MAX_TEXT and len(new) > MAX_TEXT * 0.9:
            new = text  # No quote and no signature in the beginning: it is a long mail.
        return _without_quoted_lines(new)
    # The quote stands first: the reply is below it, or nowhere (a mere forward).
    below = text[quote.end() :] if quote else text
    if quote and not any(_is_quoted(line) for line in below.splitlines()):
        return ""
    return _without_quoted_lines(_SIGNATURE.split(below, maxsplit=1)[0])


def _by_library(text: str) -> str:
    """Return the first reply of a text without its signature, as mail-parser-reply sees it."""
    if max(map(len, text.split("\n"))) > MAX_LINE:
        return _SIGNATURE.split(text, maxsplit=1)[0]
    from mailparser_reply.parser import EmailMessage

    # Its default takes a list of ordered goods that begins with a hyphen for a signature.
    replies = EmailMessage(text=text, languages=_languages(text), keep_hyphen_lists=True).read().replies
    body: str = replies[0].body if replies else text
    return body if body.strip() else _SIGNATURE.split(text, maxsplit=1)[0]


def _languages(text: str) -> list[str]:
    """Return the languages that a text may be written in, English always among them."""
    if _CJK.search(text):
        return ["en", "zh", "ja", "ko"]
    hits = Counter(_LANGUAGES[word] for word in set(_WORD.findall(text.lower())) if word in _LANGUAGES)
    return ["en"] + [language for language, count in hits.most_common(2) if count > 1]


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _without_quoted_lines(text: str) -> str:
    """Drop quoted lines, and the blank lines that were around them."""
    kept = [line.rstrip() for line in text.splitlines() if not _is_quoted(line)]
    return _BLANK_LINES.sub("\n\n", "\n".join(kept)).strip()
