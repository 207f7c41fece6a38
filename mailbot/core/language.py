"""Which language a text is written in, told by its script and its function words."""

from __future__ import annotations

import re

LOOKED_AT = 5_000
"""Characters that are looked at: a mail says in its first lines what language it is in."""

_FUNCTION_WORDS = {
    "en": "the and of to is are for with you your we our this that have has please be on from not can could would will "
    "regards dear hello thank thanks attached find i it in any when what which do about how if or as at by me my "
    "was been",
    "de": "der die das und ist sind für mit sie ihre ihr wir unsere dass haben hat bitte nicht ein eine einen den dem von "
    "zu auf im ich es anbei sehr geehrte grüßen freundlichen wurde noch werden guten können bei uns wie wann",
    "fr": "le la les et est sont pour avec vous votre nous notre que qui dans une des du sur pas ce cette je bonjour "
    "merci veuillez ci-joint cordialement avons être au aux en quand",
    "nl": "de het een en is zijn voor met u uw wij onze dat van niet op te hebben heeft graag bijgevoegd geachte groet "
    "vriendelijke ik kunt naar ook aan bij wanneer",
    "es": "el la los las y es son para con usted su nuestro que en una de del por no se adjunto gracias estimado estimada "
    "saludos hemos favor buenos días al lo cuándo",
    "it": "il lo la gli le e è sono per con lei suo nostro che in una di della del non si allegato grazie gentile saluti "
    "cordiali abbiamo buongiorno vi al nella ho quando",
}
_WORDS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_OTHER_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")


def guess(text: str) -> str:
    """Return "en", "zh", "de", "fr", "nl", "es" or "it", or "" when the text does not say.

    Han characters without kana or hangul are Chinese once they carry a fifth of the letters (a Chinese mail is full of Latin
    product names). Latin text needs two function words of a language and half as many again as the next language has.
    """
    text = text[:LOOKED_AT]
    han, others = len(_HAN.findall(text)), len(_OTHER_EAST_ASIAN.findall(text))
    letters = sum(character.isalpha() for character in text)
    if han >= 2 and han * 5 >= letters:
        return "zh" if others * 10 < han else ""
    words = [word.casefold() for word in _WORD.findall(text)]
    hits = sorted(((sum(word in known for word in words), language) for language, known in _WORDS.items()), reverse=True)
    (most, language), (second, _) = hits[0], hits[1]
    return language if most >= 2 and most * 2 >= second * 3 and most * 12 >= len(words) else ""
