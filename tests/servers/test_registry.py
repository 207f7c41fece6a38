"""The registry: releases come in whole or not at all, keep their content, and one of them is in use."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailbot.errors import ConfigError, DiskFull, NotFound, UsageError
from mailbot.generate.registry import Registry, Release, gather
from mailbot.generate.release import SHIPPED, open_model, shipped_directory
from tests.servers.model_folders import CHAT, brief_model, chat_model, configured

ROOT = Path(__file__).parents[2]
WHEN = "2026-11-24T08:00:00+00:00"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "state" / "models")


def put(registry: Registry, name: str, source: Path = CHAT) -> Release:
    with registry.gathering() as folder:
        gather(source, folder)
        return registry.settle(folder, name, source="test", added=WHEN)


def names(registry: Registry) -> list[str]:
    return [one.name for one in registry.releases() if one.name != SHIPPED]


def default(registry: Registry) -> str:
    return SHIPPED if shipped_directory().is_dir() else ""


def test_a_release_comes_in_whole(registry: Registry, tmp_path: Path) -> None:
    source = chat_model(tmp_path / "source")
    for unwanted in ("pytorch_model.bin", "model.py", "optimizer.safetensors", ".hidden"):
        (source / unwanted).write_text("x")
    (source / "README.md").write_text("a card")
    (source / "onnx").mkdir()
    seen: list[tuple[str, int, int]] = []
    with registry.gathering() as folder:
        gather(source, folder, progress=lambda *step: seen.append(step))
        release = registry.settle(folder, "one", source="there", added=WHEN)
    kept = {path.name for path in release.directory.iterdir()}
    assert kept == {
        "README.md", "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "release.json",
        "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    assert set(release.files) == kept - {"release.json"}
    assert (release.name, release.source, release.added, len(release.digest)) == ("one", "there", WHEN, 64)
    assert release.changed() == []
    assert seen[-1][1] == seen[-1][2] > 0
    assert open_model(release.directory).form == "chat"
    # weights are shared with the source, small files are not
    assert (release.directory / "model.safetensors").samefile(source / "model.safetensors")
    assert not (release.directory / "config.json").samefile(source / "config.json")
    assert names(registry) == ["one"]
    assert [path.name for path in registry.directory.iterdir() if path.name.startswith(".adding")] == []


def test_links_are_followed_as_in_the_hubs_own_cache(registry: Registry, tmp_path: Path) -> None:
    blobs = chat_model(tmp_path / "blobs")
    source = tmp_path / "snapshot"
    source.mkdir()
    for path in blobs.iterdir():
        (source / path.name).symlink_to(path)
    release = put(registry, "linked", source)
    shutil.rmtree(blobs)
    assert release.changed() == []
    assert not any(path.is_symlink() for path in release.directory.iterdir())


def test_another_disk_means_a_copy(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    release = put(registry, "copied")
    assert release.changed() == []
    assert not (release.directory / "model.safetensors").samefile(CHAT / "model.safetensors")


def test_a_change_is_seen(registry: Registry) -> None:
    release = put(registry, "one")
    (release.directory / "config.json").write_text("{}")
    (release.directory / "tokenizer.json").unlink()
    assert registry.get("one").changed() == ["config.json", "tokenizer.json"]


def test_what_is_in_use(registry: Registry) -> None:
    assert registry.in_use() == default(registry)
    with pytest.raises(NotFound, match="no release 'a'"):
        registry.publish("a")
    put(registry, "a")
    put(registry, "b")
    for name in ("a", "b", "b"):
        registry.publish(name)
    assert registry.in_use() == "b"
    registry.rollback()
    assert registry.in_use() == "a"
    registry.rollback()
    assert registry.in_use() == default(registry)
    with pytest.raises(UsageError, match="no release was published"):
        registry.rollback()


def test_where_a_release_lies(registry: Registry, tmp_path: Path) -> None:
    put(registry, "a")
    assert registry.locate("a") == registry.directory / "a"
    assert registry.locate(str(CHAT)) == CHAT
    registry.publish("a")
    assert registry.locate("") == registry.directory / "a"
    shutil.rmtree(registry.directory / "a")
    with pytest.raises(NotFound, match="no release 'a'"):
        registry.locate("")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "a/b", "/etc", ".hidden", "-x", "a b", "ä", "a\0b", "a" * 65, "current.json", SHIPPED, "one"]
)
def test_names_that_are_none(name: str, registry: Registry) -> None:
    put(registry, "one")
    with registry.gathering() as folder, pytest.raises(UsageError):
        registry.settle(folder, name, source="test", added=WHEN)
    assert names(registry) == ["one"]


def test_a_full_disk_leaves_nothing_half(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = shutil.copyfile
    count = 0

    def full(source: Any, target: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return copied(source, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(DiskFull, match="no space left for the model"):
        put(registry, "one")
    assert names(registry) == []
    assert [path.name for path in registry.directory.iterdir()] == [".lock"]
    put(registry, "one")
    assert names(registry) == ["one"]


def test_a_kill_in_the_middle_leaves_nothing_half(registry: Registry) -> None:
    code = f"""
import os, signal
from pathlib import Path
from mailbot.generate.registry import Registry, gather
with Registry(Path({str(registry.directory)!r})).gathering() as folder:
    gather(Path({str(CHAT)!r}), folder)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert run.returncode == -signal.SIGKILL
    assert list(registry.directory.glob(".adding-*"))
    assert names(registry) == []
    assert put(registry, "one").changed() == []
    assert not list(registry.directory.glob(".adding-*"))


def test_two_additions_take_turns(registry: Registry) -> None:
    with registry.gathering(), pytest.raises(UsageError, match="another `mailbot model` command"), registry.gathering():
        pass
    put(registry, "one")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(UsageError, match="cannot be read or written"):
        put(Registry(tmp_path / "state" / "models"), "one")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"source": 1, "added": "", "files": []}'])
def test_a_damaged_release_is_told(text: str, registry: Registry) -> None:
    put(registry, "one")
    (registry.directory / "one" / "release.json").write_text(text)
    with pytest.raises(ConfigError, match=r"release\.json: cannot be read"):
        registry.get("one")


@pytest.mark.parametrize("text", ["", "[]", '{"published": 7}'])
def test_a_damaged_choice_is_told(text: str, registry: Registry) -> None:
    registry.directory.mkdir(parents=True)
    (registry.directory / "current.json").write_text(text)
    with pytest.raises(ConfigError, match=r"current\.json: cannot be read"):
        registry.in_use()


def test_models_that_are_fit_to_write(tmp_path: Path) -> None:
    own = open_model(brief_model(tmp_path / "own"))
    assert (own.form, own.notes) == ("brief", ())
    base = chat_model(tmp_path / "base", eos_token_id=None)
    (base / "chat_template.jinja").unlink()
    (base / "generation_config.json").unlink()
    without_end, without_template = open_model(base).notes
    assert "no token that ends a text" in without_end
    assert "no chat template" in without_template


def test_models_that_are_not(tmp_path: Path) -> None:
    folder = brief_model(tmp_path / "no marks")
    shutil.copy(CHAT / "tokenizer.json", folder / "tokenizer.json")
    with pytest.raises(ConfigError, match=r"says that it reads briefs, but .*\|brief\|"):
        open_model(folder)
    with pytest.raises(ConfigError, match="does not end its texts"):
        open_model(configured(brief_model(tmp_path / "no end"), eos_token_id=5))
    folder = chat_model(tmp_path / "no system")
    (folder / "chat_template.jinja").write_text("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}")
    with pytest.raises(ConfigError, match="chat template cannot write this prompt"):
        open_model(folder)


@pytest.mark.parametrize("text", ["", "[]", '{"prompt": "poem"}', '{"prompt": ["brief"]}', '{"kinds": 7}', "[" * 100_000])
def test_a_card_that_is_none(text: str, tmp_path: Path) -> None:
    folder = chat_model(tmp_path / "m")
    (folder / "mailbot.json").write_text(text)
    with pytest.raises(ConfigError, match=r"mailbot\.json"):
        open_model(folder)


def test_the_registry_is_one_json_file_a_release(registry: Registry) -> None:
    about = json.loads((put(registry, "one").directory / "release.json").read_text())
    assert set(about) == {"source", "added", "files"}
