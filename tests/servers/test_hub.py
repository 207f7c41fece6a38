"""Models from the hub, which here is a server on loopback: fetched whole and of one commit, or one clear error."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbot.errors import ConfigError, DiskFull, LoginRefused, MailbotError, NotFound, Unreachable
from mailbot.generate import hub
from mailbot.generate.release import open_model
from tests.servers.hub_server import COMMIT, Hub
from tests.servers.model_folders import chat_model


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Hub]:
    folder = chat_model(tmp_path / "served")
    (folder / "pytorch_model.bin").write_text("a pickle")
    (folder / "modeling.py").write_text("code")
    with Hub(folder) as running:
        yield running


def test_only_what_a_model_is_read_from_is_fetched(served: Hub, tmp_path: Path) -> None:
    listing = hub.look_up("desk/tiny", endpoint=served.url)
    assert (listing.commit, listing.licence, listing.source) == (COMMIT, "mit", f"hub:desk/tiny@{COMMIT}")
    into = tmp_path / "into"
    into.mkdir()
    hub.fetch(listing, into, endpoint=served.url)
    assert {path.name for path in into.iterdir()} == set(listing.files)
    assert listing.bytes == sum(path.stat().st_size for path in into.iterdir())
    assert open_model(into).form == "chat"
    assert not [path for path in served.asked if path.endswith((".bin", ".py"))]


def test_a_model_that_is_not_there(served: Hub) -> None:
    with pytest.raises(NotFound, match="the hub has no such model"):
        hub.look_up("desk/other", endpoint=served.url)


def test_a_gated_model(served: Hub) -> None:
    served.fault = "gated"
    with pytest.raises(LoginRefused, match="on request only; accept its licence"):
        hub.look_up("desk/tiny", endpoint=served.url)


def test_a_model_of_pickles(served: Hub) -> None:
    (served.folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"no config\.json and model"):
        hub.look_up("desk/tiny", endpoint=served.url)


def test_no_network() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unreachable, match="the hub cannot be asked") as caught:
            hub.look_up("desk/tiny", endpoint=endpoint)
    assert caught.value.exit_code == 4
    assert "add its directory" in caught.value.remedy


def test_a_hub_that_hangs_up(served: Hub, tmp_path: Path) -> None:
    listing = hub.look_up("desk/tiny", endpoint=served.url)
    served.fault = "hangs up"
    with pytest.raises(MailbotError, match=r"desk/tiny: the hub cannot be asked"):
        hub.fetch(listing, tmp_path, endpoint=served.url)


def test_a_disk_that_is_too_small(served: Hub, tmp_path: Path) -> None:
    listing = hub.look_up("desk/tiny", endpoint=served.url)
    larger = hub.Listing(name=listing.name, commit=COMMIT, files=listing.files, bytes=1 << 60, licence="")
    with pytest.raises(DiskFull, match="are free; make room"):
        hub.fetch(larger, tmp_path, endpoint=served.url)


@pytest.mark.parametrize(
    ("name", "is_one"), [("Qwen/Qwen3-0.6B", True), ("a/b/c", False), ("../b", False), ("a", False), ("a/-b", False)]
)
def test_names(name: str, is_one: bool) -> None:
    assert bool(hub.NAME.fullmatch(name)) is is_one
