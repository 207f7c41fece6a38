"""The EasyOCR adapter reads with a tiny network of one's own, so that no weights are fetched: the way there and back is tested.

The network is made here with weights that let it answer one letter for dark columns and blank for light ones.
"""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch

from mailbot.errors import BadInput
from mailbot.extract import easy, ocr
from mailbot.extract.engine import Choice
from tests.servers import papers

LETTERS = "AB"

NETWORK = '''
import torch
from torch import nn


class Model(nn.Module):
    """Column by column of 4 pixels: blank where it is light, A where it is dark."""

    def __init__(self, input_channel, output_channel, hidden_size, num_class):
        super().__init__()
        self.columns = nn.AvgPool2d((64, 4))
        self.prediction = nn.Linear(1, num_class)

    def forward(self, image, text):
        return self.prediction(self.columns(image)[:, :, 0].permute(0, 2, 1))
'''

SETTINGS = f"""
network_params:
  input_channel: 1
  output_channel: 1
  hidden_size: 1
imgH: 64
lang_list: ["en"]
character_list: "{LETTERS}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """EasyOCR's folder with a network of one's own: how it is built, its settings, its weights."""
    (tmp_path / "tiny.py").write_text(NETWORK)
    (tmp_path / "tiny.yaml").write_text(SETTINGS)
    # classes: blank, A, B; a light column is near 1, a dark one below 0
    weights = {"prediction.weight": torch.tensor([[8.0], [-8.0], [0.0]]), "prediction.bias": torch.tensor([0.0, 8.0, -99.0])}
    torch.save({f"module.{name}": value for name, value in weights.items()}, tmp_path / "tiny.pth")
    return tmp_path


@pytest.fixture(autouse=True)
def fresh() -> None:
    easy._reader.cache_clear()


def bars(*spots: tuple[int, int]) -> np.ndarray:
    """Return a line of 64 x 400 pixels with dark bars."""
    image = np.full((64, 400, 3), 255, np.uint8)
    for left, right in spots:
        image[:, left:right] = 0
    return image


WHOLE = np.array([[[0, 0], [400, 0], [400, 64], [0, 64]]], dtype=np.float32)


def test_lines_are_read_by_a_network_of_ones_own(folder: Path) -> None:
    (read,) = easy.Easy(Choice(engine="easyocr", easyocr_folder=str(folder))).read(bars((60, 120), (250, 330)), WHOLE)
    assert read.text == "AA"
    assert 0 < read.score <= 1
    assert list(read.middles) == pytest.approx([0.25, 0.75])


def test_a_page_is_read_through_it(folder: Path) -> None:
    image = np.ascontiguousarray(np.asarray(papers.scan(papers.LETTER[:3], dpi=100, turn=90))[:, :, ::-1])
    with mock.patch("mailbot.extract.engine.LEAST_SCORE", 0.0):
        found = ocr.scan(image, choice=Choice(engine="easyocr", tesseract="never", easyocr_folder=str(folder)))
    assert found.turned == 270
    assert len(found.words.lines) == 3
    assert set(found.text) <= {*LETTERS, "\n", " "}


def test_weights_are_never_fetched(tmp_path: Path) -> None:
    fetched = mock.patch("easyocr.easyocr.download_and_unzip", side_effect=AssertionError("no download"))
    with fetched, pytest.raises(BadInput) as refused:
        easy.Easy(Choice(engine="easyocr", languages=("en",), easyocr_folder=str(tmp_path))).read(bars(), WHOLE)
    assert "easyocr_folder" in refused.value.remedy


def test_a_language_that_it_lacks_is_bad_input(folder: Path) -> None:
    with pytest.raises(BadInput):
        easy.Easy(Choice(engine="easyocr", languages=("xx",), easyocr_folder=str(folder))).read(bars(), WHOLE)
