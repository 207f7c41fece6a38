"""Finds what is new in a mail: its text without quotes of earlier mails and without the signature.

mail-parser-reply knows the reply headers and signatures of many languages; its regular expressions are quadratic in blank lines, so
it is given the beginning of the text only, with blank lines collapsed. What it cannot see, the line rules here do.
"""

from __future__ import annotations

import re

MAX_TEXT = 8_000
"""Characters that are searched for the first quote; in a longer text new words stand above that or everywhere."""
MAX_LINE = 1_000
"""Characters of a line up to which the library is asked: it looks for `On … wrote` from every `On`."""

_BLANK_LINES = re.compile(r"\n[ \t\r\f\v\u00a0\u200b]*(?:\n[ \t\r\f\v\u00a0\u200b]*)++")
_INNER_SPACE = re.compile(r"[ \t\u00a0]{8,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WESTERN = ("en", "de", "fr", "es", "it", "nl", "pl", "cs", "da", "sv")
_EASTERN = ("en", "zh", "ja", "ko")
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
    from mailparser_reply import EmailReplyParser

    languages = _EASTERN if _CJK.search(text) else _WESTERN
    replies = EmailReplyParser(languages=list(languages)).read(text).replies
    body: str = replies[0].body if replies else text
    return body if body.strip() else _SIGNATURE.split(text, maxsplit=1)[0]


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _without_quoted_lines(text: str) -> str:
    """Drop quoted lines, and the blank lines that were around them."""
    kept = [line.rstrip() for line in text.splitlines() if not _is_quoted(line)]
    return _BLANK_LINES.sub("\n\n", "\n".join(kept)).strip()
