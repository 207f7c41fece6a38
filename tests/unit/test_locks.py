"""The lock files: versions and nothing else, one of each package, and everything that pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"([a-z0-9][a-z0-9.-]*)==([0-9][0-9a-z.]*)")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

INSTALLED = {
    "demo": ("", "cpu"),
    "demo on a GPU": ("", "gpu"),
    "test": ("", "cpu", "test"),
    "torch": ("", "cpu", "test", "torch"),
}
ASKED = {
    "demo": ("demo", "model", "cpu"),
    "demo on a GPU": ("demo", "model", "gpu"),
    "test": ("demo", "model", "cpu", "dev"),
    "torch": ("demo", "model", "cpu", "dev", "peers"),
}


def pins(part: str) -> dict[str, str]:
    lines = (ROOT / (f"requirements-{part}.lock" if part else "requirements.lock")).read_text().splitlines()
    found = [PINNED.fullmatch(line) for line in lines]
    assert all(found), f"{part}: {[line for line, pin in zip(lines, found, strict=True) if not pin]}"
    return {pin[1]: pin[2] for pin in found if pin}


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@pytest.mark.parametrize("target", INSTALLED)
def test_what_is_installed_together_is_whole_and_has_one_version_of_each(target: str) -> None:
    parts = [pins(part) for part in INSTALLED[target]]
    together = {name: version for part in parts for name, version in part.items()}
    assert len(together) == sum(map(len, parts))
    asked = [*PROJECT["dependencies"], *(one for extra in ASKED[target] for one in EXTRAS[extra])]
    assert {name_of(one) for one in asked} - {"mailbot"} <= set(together)


def test_neither_the_desk_nor_its_tests_need_torch() -> None:
    assert not [name for part in ("", "cpu", "gpu", "test") for name in pins(part) if name.startswith(("torch", "jax", "triton"))]
    assert not [name for part in ("", "cpu", "test") for name in pins(part) if name.startswith("nvidia")]


def test_a_cpu_and_a_gpu_run_the_same_versions() -> None:
    cpu, gpu = pins("cpu"), pins("gpu")
    assert cpu.pop("tensorflow-cpu") == gpu.pop("tensorflow")
    assert cpu == {name: version for name, version in gpu.items() if not name.startswith("nvidia")}
