"""The config file: what is accepted, and that each mistake is one line with the option and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot import config, config_file
from mailbot.errors import ConfigError
from mailbot.shipped import CONFIG

ACCOUNT = {"address": "desk@example.org"}
LOCAL = {"host": "127.0.0.1", "user": "desk", "security": "none"}


def broken(tree: dict) -> str:
    with pytest.raises(ConfigError) as caught:
        config_file.parse(tree, file=Path("/desk/mailbot.toml"))
    assert caught.value.exit_code == 3
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_config_is_good(tmp_path: Path) -> None:
    file = tmp_path / "mailbot.toml"
    file.write_text(CONFIG)
    loaded = config_file.load(file)
    assert set(loaded.people) == {"anna", "ben"}
    assert loaded.drops["scans"].path == tmp_path / "drop"
    assert loaded.state_dir == tmp_path / "state"


def test_the_commented_account_is_good_too(tmp_path: Path) -> None:
    file = tmp_path / "mailbot.toml"
    lines = [line[2:] if line.startswith("# ") and ("=" in line or "[accounts" in line) else line for line in CONFIG.splitlines()]
    file.write_text("\n".join(line for line in lines if not line.startswith("Relative") and "table for each" not in line))
    account = config_file.load(file).accounts["payables"]
    assert account.mode == "shadow"
    assert account.imap is not None
    assert account.smtp is not None
    assert account.smtp.security == "starttls"


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"acounts": {}}, ["acounts", "accounts"]),
        ({"accounts": {"a": {**ACCOUNT, "imap": {**LOCAL, "prot": 1}}}}, ["accounts.a.imap.prot", "port"]),
        ({"accounts": {"a": {}}}, ["accounts.a.address", "required"]),
        ({"accounts": {"a": {**ACCOUNT, "start": "yesterday"}}}, ["accounts.a.start", "new"]),
        ({"accounts": {"a": {**ACCOUNT, "mode": "live"}}}, ["accounts.a", "smtp"]),
        ({"accounts": {"a": {**ACCOUNT, "imap": {"host": "mail.example", "user": "u", "security": "none"}}}}, ["loopback"]),
        ({"accounts": {"a": {**ACCOUNT, "imap": {**LOCAL, "password": "x", "password_env": "Y"}}}}, ["password and password_env"]),
        ({"accounts": {"a": {**ACCOUNT, "imap": {**LOCAL, "host": "127.evil.example"}}}}, ["loopback"]),
        ({"extract": {"passwords": {"my bank": [{"password": "x"}]}}}, ["extract.passwords", "my bank", "domain"]),
        ({"extract": {"passwords": {"a.example": [{"pasword": "x"}]}}}, ["a.example", "did you mean password"]),
        ({"review": {"host": "0.0.0.0"}}, ["review.host", "127.0.0.1"]),
        ({"drops": {"d": {"path": "d", "account": "nobody"}}}, ["drops.d.account", "nobody"]),
        ({"accounts": {"x": ACCOUNT}, "drops": {"x": {"path": "d"}}}, ["drops.x"]),
        ({"extract": {"workers": "many"}}, ["extract.workers"]),
        ({"people": {"anna": {"roles": ["boss"]}}}, ["people.anna.roles"]),
    ],
)
def test_a_mistake_names_the_option(tree: dict, words: list[str]) -> None:
    line = broken(tree)
    assert line.startswith("/desk/mailbot.toml: ")
    for word in words:
        assert word in line


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "mailbot.toml"
    file.write_text('desk = "A"\nreview = {\n')
    with pytest.raises(ConfigError, match=r"line 2|end of document") as caught:
        config_file.load(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILBOT_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="mailbot init"):
        config_file.find("/nowhere/mailbot.toml")


def test_each_way_to_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "from env")
    (tmp_path / "secret").write_text("from file\nsecond line\n")
    assert config.Password(password="plain").resolve() == "plain"
    assert config.Password(password_env="DESK_PASSWORD").resolve() == "from env"
    assert config.Password(password_file=tmp_path / "secret").resolve() == "from file"
    assert config.Password(password_command="echo from command").resolve() == "from command"


@pytest.mark.parametrize(
    "way", [{"password_env": "NOT_SET_ANYWHERE"}, {"password_file": "/nowhere/secret"}, {"password_command": "exit 3"}]
)
def test_a_password_that_cannot_be_had_names_the_option(way: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(way))):
        config.Password(**way).resolve()


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(config.Imap(host="h", user="u", password="hunter2"))


def test_every_option_is_documented() -> None:
    undocumented = [name for name, _, text in config_file.option_rows() if not text.strip().endswith((".", ")", "`"))]
    assert not undocumented


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8), st.one_of(st.integers(), st.text(max_size=8), st.none()), min_size=1, max_size=3
    )
)
def test_any_unknown_tree_is_refused_in_one_line(tree: dict) -> None:
    assert broken(tree).startswith("/desk/mailbot.toml: ")


def test_a_mailbox_or_folder_is_watched_once() -> None:
    imap = {"host": "mail.example", "user": "desk"}
    twice = {
        "a": {"address": "a@x.example", "imap": imap},
        "b": {"address": "b@x.example", "imap": imap | {"host": "MAIL.example"}},
    }
    with pytest.raises(ConfigError, match=r"accounts\.b\.imap: accounts\.a watches INBOX of that mailbox already"):
        config_file.parse({"accounts": twice}, file=Path("mailbot.toml"))
    with pytest.raises(ConfigError, match=r"drops\.b\.path: drops\.a watches that folder already"):
        config_file.parse({"drops": {"a": {"path": "in"}, "b": {"path": "./in"}}}, file=Path("mailbot.toml"))
    other = twice | {"b": {"address": "b@x.example", "imap": imap | {"folders": ["Orders"]}}}
    assert list(config_file.parse({"accounts": other}, file=Path("mailbot.toml")).accounts) == ["a", "b"]


def test_passwords_of_a_sender_come_the_most_fitting_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "from env")
    passwords = {
        "Acme.example": [{"password": "domain"}, {"password_env": "DESK_PASSWORD"}],
        "*": [{"password": "anybody"}, {"password": "domain"}],
        "billing@acme.example": [{"password": "address"}],
        "other.example": [{"password_env": "NOT_SET_ANYWHERE"}],
    }
    extract = config.Extract.model_validate({"passwords": passwords})
    assert extract.passwords_of(["Billing@ACME.example"]) == ("address", "domain", "from env", "anybody")
    assert extract.passwords_of(["a@evil-acme.example"]) == ("anybody", "domain")
    assert extract.passwords_of([]) == ("anybody", "domain")
    with pytest.raises(ConfigError, match="password_env"):
        extract.passwords_of(["a@other.example"])
    assert "domain'" not in repr(extract)
