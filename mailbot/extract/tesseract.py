"""Tesseract, for the scripts that RapidOCR's models lack: Cyrillic, Arabic, Korean … by the language packs on this machine.

Its library is called inside the worker process (its C interface, capi.h): a worker may start no other process, and what it
may not do, the library may not either. Where it is not installed, nothing here finds anything.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any
from unicodedata import bidirectional

import cv2
import numpy as np

from mailbot.errors import BadInput
from mailbot.extract.engine import Read
from mailbot.extract.orientation import cut

LIBRARIES = ("libtesseract.so.5", "libtesseract.so.4")

LINE_HEIGHT, BORDER = 36, 10
"""Pixels to which a line is brought, and of the margin around it."""

PAGE_SIDE = 2600
"""Pixels of the longer side to which a smaller page is enlarged for its script to be told."""

HANGUL_SPACE = 0.25
"""Width of the narrowest space between Korean words, in heights of a line."""

LEAST_CHARACTERS = 12
"""Characters on a page from which on its script is told."""

SURE_OF_SIDE = 0.5
"""Tesseract's confidence from which on its word on which way up a page stands is taken."""

LANGUAGES = {
    "ru": "rus", "uk": "ukr", "be": "bel", "bg": "bul", "sr": "srp", "mk": "mkd", "kk": "kaz",
    "ar": "ara", "fa": "fas", "ur": "urd", "ko": "kor", "el": "ell", "he": "heb", "th": "tha",
    "hi": "hin", "mr": "mar", "ne": "nep", "bn": "ben", "ta": "tam", "te": "tel", "ka": "kat", "hy": "hye",
}  # fmt: skip
"""Languages that RapidOCR's models do not read, and Tesseract's names of their packs."""

_SCRIPTS = {
    "Cyrillic": ("ru", "uk", "be", "bg", "sr", "mk", "kk"), "Arabic": ("ar", "fa", "ur"), "Korean": ("ko",), "Hangul": ("ko",),
    "Greek": ("el",), "Hebrew": ("he",), "Thai": ("th",), "Devanagari": ("hi", "mr", "ne"), "Bengali": ("bn",), "Tamil": ("ta",),
    "Telugu": ("te",), "Georgian": ("ka",), "Armenian": ("hy",),
}  # fmt: skip

_OSD_ONLY, _SINGLE_LINE = 0, 7
_LEGACY, _LSTM = 0, 1


class Tesseract:
    """See `engine.Engine`. `packs` are Tesseract's own names."""

    def __init__(self, packs: Sequence[str]) -> None:
        self._packs = "+".join(packs)

    def read(self, image: np.ndarray, quads: np.ndarray) -> list[Read]:
        reader = _opened(self._packs, _LSTM)
        if reader is None:
            raise BadInput(f"Tesseract cannot read {self._packs}", remedy="install its language packs, or name others")
        return [_line(reader, cut(image, quad)) for quad in quads]


def _line(reader: _Api, line: np.ndarray) -> Read:
    scale = LINE_HEIGHT / line.shape[0]
    size = max(1, round(line.shape[1] * scale)), LINE_HEIGHT
    sized = cv2.resize(line, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    reader.show(cv2.copyMakeBorder(sized, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE), _SINGLE_LINE)
    return _as_read(reader.table(), size[0])


def script_of(image: np.ndarray) -> tuple[str, int]:
    """Return the script of a page ("" when unknown) and by how many degrees clockwise it must be turned to stand upright."""
    detector = _opened("osd", _LEGACY)
    if detector is None:
        return "", 0
    detector.set("min_characters_to_try", str(LEAST_CHARACTERS))
    scale = max(1.0, min(4.0, PAGE_SIDE / max(image.shape[:2])))
    detector.show(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), _OSD_ONLY)
    return detector.script()


def packs_for(script: str, languages: Sequence[str]) -> list[str]:
    """Return the packs on this machine that read a script, only those of the languages that the config names, if it names any."""
    wanted = [LANGUAGES[code] for code in languages if code in LANGUAGES]
    of_script = [LANGUAGES[code] for code in _SCRIPTS.get(script, ())]
    here = _packs_here()
    chosen = [pack for pack in (wanted or of_script) if pack in here and (not script or pack in of_script)]
    return chosen[:3] or ([f"script/{script}"] if f"script/{script}" in here and not wanted else [])


def _as_read(table: str, width: int) -> Read:
    """Return what Tesseract's table says of one line: a row a word, with its box (columns 7 to 10), confidence and text."""
    text, middles, scores, end = "", [], [], 0.0
    for row in table.splitlines():
        cells = row.split("\t")
        if len(cells) != 12 or cells[0] != "5" or not cells[11].strip():
            continue
        word, left, wide = "".join(cells[11].split()), float(cells[6]) - BORDER, float(cells[8])
        # Hangul is set in squares, which are often taken for words of their own.
        runs_on = left - end < HANGUL_SPACE * LINE_HEIGHT and _hangul(text[-1:]) and _hangul(word[:1])
        text += word if runs_on or not text else " " + word
        places = [(left + wide * (at + 0.5) / len(word)) / width for at in range(len(word))]
        middles += places[::-1] if _from_right(word) else places
        scores += [float(cells[10]) / 100] * len(word)
        end = left + wide
    return Read(text, sum(scores) / max(1, len(scores)), middles)


def _hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


def _from_right(word: str) -> bool:
    return any(bidirectional(character) in ("R", "AL") for character in word)


class _Api:
    """One opened Tesseract: a language or the script detector."""

    def __init__(self, library: Any, handle: Any) -> None:
        self._library, self._handle = library, handle
        self._shown: np.ndarray | None = None

    def set(self, name: str, value: str) -> None:
        self._library.TessBaseAPISetVariable(self._handle, name.encode(), value.encode())

    def show(self, image: np.ndarray, mode: int) -> None:
        self._shown = gray = np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))  # the library keeps no copy
        self._library.TessBaseAPISetPageSegMode(self._handle, mode)
        height, width = gray.shape
        self._library.TessBaseAPISetImage(self._handle, gray.ctypes.data_as(ctypes.c_char_p), width, height, 1, width)
        self._library.TessBaseAPISetSourceResolution(self._handle, 200)

    def table(self) -> str:
        text = self._library.TessBaseAPIGetTsvText(self._handle, 0)
        try:
            return ctypes.string_at(text).decode("utf-8", "replace") if text else ""
        finally:
            if text:
                self._library.TessDeleteText(ctypes.c_void_p(text))
            self._library.TessBaseAPIClear(self._handle)

    def script(self) -> tuple[str, int]:
        turned, sure, name, sure_of_name = ctypes.c_int(0), ctypes.c_float(0), ctypes.c_char_p(b""), ctypes.c_float(0)
        told = self._library.TessBaseAPIDetectOrientationScript(
            self._handle, ctypes.byref(turned), ctypes.byref(sure), ctypes.byref(name), ctypes.byref(sure_of_name)
        )
        script = (name.value or b"").decode("ascii", "replace") if told else ""
        self._library.TessBaseAPIClear(self._handle)
        return script, -turned.value % 360 if told and sure.value >= SURE_OF_SIDE else 0

    def packs(self) -> list[str]:
        vector = self._library.TessBaseAPIGetAvailableLanguagesAsVector(self._handle)
        names: list[str] = []
        while vector and vector[len(names)]:
            names.append(vector[len(names)].decode("utf-8", "replace"))
        return names


@cache
def _library() -> Any:
    """Return Tesseract's library, or None where it is not installed."""
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        for function in ("TessBaseAPICreate", "TessBaseAPIGetTsvText"):
            getattr(library, function).restype = ctypes.c_void_p
        library.TessBaseAPIGetAvailableLanguagesAsVector.restype = ctypes.POINTER(ctypes.c_char_p)
        return library
    return None


@lru_cache(maxsize=3)
def _opened(packs: str, mode: int) -> _Api | None:
    """Open Tesseract with some packs; None where it, or one of them, is not installed."""
    library = _library()
    if library is None:
        return None
    handle = ctypes.c_void_p(library.TessBaseAPICreate())
    if library.TessBaseAPIInit2(handle, None, packs.encode(), mode) != 0:
        library.TessBaseAPIDelete(handle)
        return None
    api = _Api(library, handle)
    api.set("debug_file", "/dev/null")
    return api


@cache
def _packs_here() -> frozenset[str]:
    reader = _opened("osd", _LEGACY) or _opened("eng", _LSTM)
    return frozenset(reader.packs() if reader else ())
