"""EasyOCR (the extra `[easyocr]`, which brings torch): reads the lines where `extract.ocr_engine` asks for it.

Its weights lie in `extract.easyocr_folder`; they are never downloaded, since a worker has no network. A network of one's own
lies there too, as its NAME.yaml, NAME.py and NAME.pth, and is then the one that reads.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mailbot.errors import BadInput
from mailbot.extract.engine import Choice, Read
from mailbot.extract.orientation import cut

LANGUAGES = {"zh": "ch_sim", "zh-tw": "ch_tra", "sr": "rs_cyrillic"}
"""EasyOCR's names of languages, where they are not ISO 639-1's."""


class Easy:
    """See `engine.Engine`."""

    def __init__(self, choice: Choice) -> None:
        self._languages = tuple(LANGUAGES.get(code, code) for code in choice.languages or ("en",))
        self._folder = choice.easyocr_folder

    def read(self, image: np.ndarray, quads: np.ndarray) -> list[Read]:
        reader = _reader(self._languages, self._folder)
        return [_line(reader, cut(image, quad)) for quad in quads]


def _line(reader: Any, line: np.ndarray) -> Read:
    """Read one line: EasyOCR says no places within it, so its characters are taken to stand evenly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it pins memory for a GPU, whether there is one or not
        pieces = reader.recognize(cv2.cvtColor(line, cv2.COLOR_BGR2GRAY), detail=1, paragraph=False)
    text = " ".join(str(piece[1]) for piece in pieces).strip()
    score = sum(float(piece[2]) for piece in pieces) / max(1, len(pieces))
    spots = [(at + 0.5) / len(text) for at, character in enumerate(text) if not character.isspace()]
    return Read(text, score, spots)


@cache
def _reader(languages: Sequence[str], folder: str) -> Any:
    try:
        import easyocr
    except ImportError as error:
        raise BadInput(f"EasyOCR is not installed ({error})", remedy="pip install 'mailbot[easyocr]'") from None
    own = sorted(path.stem for path in Path(folder).glob("*.yaml")) if folder else []
    try:
        return easyocr.Reader(
            list(languages),
            gpu=False,
            model_storage_directory=folder or None,
            user_network_directory=folder or None,
            recog_network=own[0] if own else "standard",
            download_enabled=False,
            detector=False,
            verbose=False,
            quantize=False,
        )
    except (OSError, ValueError) as error:
        remedy = "put the weights of these languages into extract.easyocr_folder"
        raise BadInput(f"EasyOCR cannot read {'+'.join(languages)}: {error}", remedy=remedy) from None
