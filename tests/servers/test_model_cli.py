"""`mailbot model` as it is called: what comes in, what is refused and how, two releases judged side by side."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mailbot.cli.app import GLOBAL, main
from mailbot.core.brief import OPEN, brief
from mailbot.generate import fit
from tests.servers.hub_server import COMMIT, Hub
from tests.servers.model_folders import CHAT, brief_model, chat_model, configured

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return what runs `mailbot WORDS…` in a desk's folder: exit code, stdout, stderr."""
    (tmp_path / "mailbot.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILBOT_CONFIG", raising=False)
    monkeypatch.setattr(GLOBAL, "config", None)
    monkeypatch.setattr(fit, "PROBE_SECONDS", 0.01)
    monkeypatch.setattr(fit, "PROBE_SIDE", 256)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mailbot", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out = capsys.readouterr()
        return int(ended.value.code or 0), out.out, out.err

    return run


def answer(call: Call, *words: object) -> Any:
    code, out, err = call(*words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_from_directory_to_use_and_back(call: Call) -> None:
    added = answer(call, "model", "add", CHAT, "--name", "tiny")
    assert (added["name"], added["current"], added["family"], added["prompt"]) == ("tiny", False, "gpt2", "chat")
    assert added["parameters"] == 18_880
    assert added["fits"] is True
    assert added["memory"]["bytes"] == sum(added["memory"][part] for part in ("weights", "cache", "working", "runtime"))
    assert set(added["tokens_per_second"]) == {"1", "8"}
    assert min(added["tokens_per_second"].values()) > 1
    code, out, _ = call("model", "add", CHAT)
    assert code == 0
    assert out.startswith("gpt2-text: gpt2, 18,880 parameters\n")
    assert "it fits" in out
    assert {one["name"] for one in answer(call, "model", "list")} >= {"tiny", "gpt2-text"}
    assert call("model", "publish", "tiny")[:2] == (0, "in use: tiny\n")
    assert answer(call, "model", "publish", "gpt2-text") == {"current": "gpt2-text"}
    assert [one["name"] for one in answer(call, "model", "list") if one["current"]] == ["gpt2-text"]
    assert answer(call, "model", "rollback") == {"current": "tiny"}
    shown = answer(call, "model", "show", "tiny")
    assert (shown["current"], shown["changed"], shown["digest"]) == (True, [], added["digest"])


def test_a_release_that_changed_is_not_published(call: Call, tmp_path: Path) -> None:
    answer(call, "model", "add", CHAT, "--name", "tiny")
    configured(tmp_path / "state" / "models" / "tiny", layer_norm_epsilon=0.1)
    code, _, err = call("model", "publish", "tiny")
    assert (code, "config.json changed since it was added" in err) == (2, True)
    assert "CHANGED  config.json is not as it was added" in call("model", "show", "tiny")[1]


def test_a_memory_hog_does_not_fit(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(call, "model", "add", CHAT, "--name", "tiny")
    monkeypatch.setattr(fit, "memory_left", lambda: 1000)
    code, out, _ = call("model", "show", "tiny")
    assert (code, "IT DOES NOT FIT" in out) == (0, True)


def test_a_model_of_the_hub(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hub(chat_model(tmp_path / "served")) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        added = answer(call, "model", "add", "desk/tiny", "--revision", "main")
        assert (added["name"], added["source"]) == ("tiny", f"hub:desk/tiny@{COMMIT}")
        code, _, err = call("model", "add", "desk/other")
        assert (code, "no such model" in err) == (1, True)
        only_pickles(hub.folder)
        code, _, err = call("model", "add", "desk/tiny", "--name", "again")
        assert (code, "the hub has no config.json and model*.safetensors of it" in err) == (3, True)
    code, _, err = call("model", "add", "desk/tiny", "--name", "again")
    assert (code, "check the network" in err) == (4, True)
    assert {path.name for path in (tmp_path / "state" / "models").iterdir()} == {".lock", "tiny"}


def only_pickles(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "config.json: no such file"),
    "pickled": (only_pickles, "only pickled weights, which can run code"),
    "of another family": (lambda folder: configured(folder, model_type="mixtral"), "'mixtral' is not supported; use a checkpoint"),
    "cut short": (cut_short, "model.safetensors: cannot be read"),
    "without tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "it has no tokenizer"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_model_is_refused(what: str, call: Call, tmp_path: Path) -> None:
    damage, why = BROKEN[what]
    damage(chat_model(tmp_path / "m"))
    code, out, err = call("model", "add", "m")
    assert (code, out) == (3, "")
    assert why in err
    assert len(err.splitlines()) == 1
    assert not list((tmp_path / "state").glob("models/*"))


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("add", "nowhere"), 3, "nowhere: no such directory"),
        (("add", CHAT, "--name", "../up"), 2, "'../up' cannot name a release"),
        (("add", CHAT, "--name", "shipped"), 2, "there is a release 'shipped' already"),
        (("add", CHAT, "--revision", "main"), 2, "--revision goes with a name on the hub"),
        (("show", "none"), 1, "no release 'none'"),
        (("publish", "../etc"), 2, "cannot name a release"),
        (("rollback",), 2, "no release was published"),
        (("eval", "none"), 2, "one thing to judge by is needed"),
        (("eval", "none", "--data", "none.jsonl", "--from-reviews"), 2, "one thing to judge by is needed"),
        (("eval", "none", "--from-reviews"), 2, "no reply was sent yet"),
        (("eval", "none", "--data", "none.jsonl"), 2, "none.jsonl: cannot be read"),
    ],
)
def test_misuse(words: Sequence[object], code: int, why: str, call: Call) -> None:
    found, out, err = call("model", *words)
    assert (found, out) == (code, "")
    assert why in err


def test_two_releases_are_judged_side_by_side(call: Call, tmp_path: Path) -> None:
    for seed in (1, 2):
        brief_model(tmp_path / f"m{seed}", seed=seed)
    answer(call, "model", "add", "m1", "--name", "one")
    (tmp_path / "data.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "thread": f"{number}",
                    "prompt": brief(kind=OPEN, language="en", desk="Desk", facts={"invoice": f"INV-{number}"}, mail="When?"),
                    "reply": f"INV-{number} is due.",
                    "language": "en",
                    "kind": OPEN,
                }
            )
            + "\n"
            for number in range(30)
        )
    )
    options = ("--data", "data.jsonl", "--limit", 24, "--max-tokens", 3)
    result = answer(call, "model", "eval", "one", "./m2", *options, "--texts", "texts.jsonl")
    assert (result["releases"], result["left_out"]) == ({"a": "one", "b": "./m2"}, 0)
    assert [(one["by"], one["value"], one["threads"]) for one in result["groups"]] == [
        ("all", "", 24),
        ("kind", OPEN, 24),
        ("language", "en", 24),
    ]
    everything = result["groups"][0]
    assert everything["a"]["bits_per_byte"] != everything["b"]["bits_per_byte"]
    assert everything["a"]["cut_off"] > 0
    assert "verdict" in everything
    texts = [json.loads(line) for line in (tmp_path / "texts.jsonl").read_text().splitlines()]
    assert [one["reference"] for one in texts] == [f"INV-{number} is due." for number in range(24)]
    assert set(texts[0]["written"]) == {"one", "./m2"}


def test_one_release_is_judged_for_people(call: Call, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(
        '{"prompt": "Invoice 7?", "reply": "It is 7.", "kind": "a"}\n{"prompt": "Pay?", "reply": "' + "w " * 300 + '"}\n'
    )
    code, out, err = call("model", "eval", f"{CHAT}/", "--data", "data.jsonl", "--max-tokens", 3)
    assert code == 0, err
    assert out.startswith("1 replies of 1 threads\n")
    assert "1 examples were left out" in out
    (tmp_path / "data.jsonl").write_text('{"prompt": "Pay?", "reply": "' + "w " * 300 + '"}\n')
    code, _, err = call("model", "eval", f"{CHAT}/", "--data", "data.jsonl")
    assert (code, "no example can be used: too long" in err) == (2, True)
