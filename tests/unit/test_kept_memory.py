"""A run that computes is started again with its memory kept, once, as it was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import pytest

from mailbot.generate import malloc


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Sequence[str], Mapping[str, str]]]:
    """What would be started instead of this process."""
    seen: list[tuple[str, Sequence[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *given: seen.append(given))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "mailbot", "train", "--out", "a b"])
    return seen


def test_the_same_command_goes_on_with_its_memory_kept(started: list[tuple[str, Sequence[str], Mapping[str, str]]]) -> None:
    malloc.keep({"HOME": "/nowhere"})
    ((program, arguments, environment),) = started
    assert program == sys.executable
    assert arguments == [sys.executable, "-m", "mailbot", "train", "--out", "a b"]
    assert environment == {"HOME": "/nowhere", malloc.TUNABLES: malloc.KEPT}
    malloc.keep(environment)
    assert len(started) == 1


def test_whoever_sets_the_variable_is_left_alone(started: list[tuple[str, Sequence[str], Mapping[str, str]]]) -> None:
    malloc.keep({malloc.TUNABLES: "glibc.malloc.check=1"})
    assert started == []


def test_other_systems_have_no_such_variable(
    started: list[tuple[str, Sequence[str], Mapping[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    malloc.keep({})
    assert started == []
