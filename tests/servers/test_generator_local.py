"""The local model as a generator: which prompt it is asked with, which of its drafts are used, and what is said of the others."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mailbot.config import Config, Generate
from mailbot.core.facts import facts_from
from mailbot.errors import BadInput, ConfigError, Unreachable
from mailbot.generate.local import LocalGenerator, terms_of
from mailbot.generate.make import make_generator
from mailbot.generate.pending import Written
from mailbot.generate.registry import Registry
from mailbot.generate.remote import RemoteGenerator
from mailbot.generate.request import GREEDY, End, Sampling
from mailbot.generate.terms import Terms
from mailbot.ports import DraftRequest
from tests.servers.test_engine import FIXTURES

SKELETON = "Dear Eva Weber,\n\nthank you for your invoice RE-7 over 1,939.00 EUR.\n\nKind regards,\nPayables\n"
REPLY = "Dear Eva Weber,\n\nmany thanks for invoice RE-7 for 1,939.00 EUR.\n\nKind regards,\nPayables"
BRIEFS = {"prompt": "brief", "kinds": ["invoice_received"], "languages": ["en", "zh"], "name": "desk-5m"}


class FakeWriter:
    """Answers each request with its next text, the last one again and again, or raises."""

    def __init__(self, *texts: str, end: End = "stop", note: str = "", error: BaseException | None = None) -> None:
        self.texts = texts or (REPLY,)
        self.answer = Written(text="", end=end, tokens=9, note=note)
        self.samplings: list[Sampling] = []
        self.error = error
        self.asked: list[tuple[Any, dict[str, Any]]] = []
        self.closed = False

    async def text(
        self,
        prompt: str | Sequence[Mapping[str, str]],
        *,
        account: str = "",
        max_tokens: int,
        sampling: Sampling = GREEDY,
        stop: Sequence[str] = (),
        deadline_seconds: float | None = None,
    ) -> Written:
        self.asked.append((prompt, {"account": account, "max_tokens": max_tokens, "stop": stop, "deadline": deadline_seconds}))
        self.samplings.append(sampling)
        if self.error:
            raise self.error
        return replace(self.answer, text=self.texts[min(len(self.asked), len(self.texts)) - 1])

    async def probe(self) -> str:
        return "not started"

    async def close(self) -> None:
        self.closed = True


def asked(template: str = "invoice_received", language: str = "en") -> DraftRequest:
    facts = facts_from(
        {
            "greeting_name": "Eva Weber", "invoice_number": "RE-7", "total": Decimal("1939"), "currency": "EUR", "desk": "Payables",
            "due_date": date(2026, 6, 2), "topic": "Invoice RE-7", "text": "Please find our invoice attached.",
            "attachments": ("re-7.pdf", "terms.pdf"), "problem_details": ("Page 2 is blank.",), "row_count": 4,
        }
    )  # fmt: skip
    return DraftRequest(
        account="payables",
        language=language,
        template=template,
        skeleton=SKELETON,
        facts=facts.values,
        instructions="Be brief.",
        mail="Please find our invoice attached.",
    )


def model(directory: Path, about: Mapping[str, Any] | None) -> Path:
    """Return a model's directory with such a mailbot.json."""
    place = directory / "model-dir"
    shutil.copytree(FIXTURES / "gpt2-text", place)
    if about is not None:
        (place / "mailbot.json").write_text(json.dumps(about))
    return place


def generator(tmp_path: Path, writer: FakeWriter, about: Mapping[str, Any] | None = BRIEFS, **settings: Any) -> LocalGenerator:
    return LocalGenerator(Generate(maker="model", **settings), model(tmp_path, about), writer=writer)


async def test_a_model_of_briefs_is_asked_with_one_and_its_draft_is_used(tmp_path: Path) -> None:
    writer = FakeWriter()
    draft = await generator(tmp_path, writer, timeout_seconds=7, max_tokens=99).draft(asked())
    assert (draft.text, draft.made_by, draft.release, draft.note) == (f"{REPLY}\n", "model", "desk-5m", "")
    [(prompt, options)] = writer.asked
    assert options == {"account": "payables", "max_tokens": 99, "stop": ("<|end|>",), "deadline": 7}
    assert prompt == (
        "<|brief|>language: en\nkind: invoice_received\ndesk: Payables\nname: Eva Weber\ninvoice: RE-7\ndue date: 2 June 2026\n"
        "total: 1,939.00 EUR\nrows: 4\nattachments: re-7.pdf, terms.pdf\nproblem: Page 2 is blank.<|mail|>subject: Invoice RE-7\n"
        "Please find our invoice attached.<|reply|>"
    )


async def test_a_draft_that_does_not_hold_is_written_anew_in_other_words(tmp_path: Path) -> None:
    wrong = REPLY.replace("1,939", "1,993")
    writer = FakeWriter(wrong, REPLY)
    draft = await generator(tmp_path, writer).draft(asked())
    assert (draft.text, draft.made_by) == (f"{REPLY}\n", "model")
    first, second = writer.samplings
    assert first == GREEDY
    assert second.temperature > 0

    writer = FakeWriter(wrong, wrong.replace("1,993", "1,994"), wrong.replace("1,993", "1,995"), REPLY)
    draft = await generator(tmp_path / "again", writer, tries=3).draft(asked())
    assert draft.made_by == "template"
    assert "1,993.00 EUR" in draft.note
    assert len({one.seed for one in writer.samplings}) == 3


async def test_a_template_that_leaves_the_question_open_asks_the_model_to_find_out(tmp_path: Path) -> None:
    writer = FakeWriter()
    made = generator(tmp_path, writer)
    for template in ("default", "question_received"):
        assert (await made.draft(asked(template))).made_by == "model"
    assert all("\nkind: open\n" in prompt for prompt, _ in writer.asked)


async def test_what_no_rule_took_for_an_invoice_is_not_answered_as_one(tmp_path: Path) -> None:
    """A statement of account came back as "your order has reached us": the rules say what an item is, the model does not."""
    writer = FakeWriter(f"kind: invoice_received\n\n{REPLY}")
    made = generator(tmp_path, writer)
    draft = await made.draft(asked("default"))
    assert (draft.text, draft.made_by) == (SKELETON, "template")
    assert "took the mail for invoice_received, which no rule says" in draft.note
    assert (await made.draft(asked("invoice_received"))).made_by == "model"


@pytest.mark.parametrize("words", ["", " \n"])
async def test_a_mail_without_words_is_not_guessed_at(tmp_path: Path, words: str) -> None:
    writer = FakeWriter()
    made = generator(tmp_path, writer)
    silent = asked("default")
    draft = await made.draft(replace(silent, facts={**silent.facts, "text": words}))
    assert (draft.text, draft.made_by, writer.asked) == (SKELETON, "template", [])
    assert "has no words of the mail to answer" in draft.note
    ruled = asked()
    assert (await made.draft(replace(ruled, facts={**ruled.facts, "text": words}))).made_by == "model"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked("order_received"), "was not trained for the template 'order_received'"),
        (asked(language="de"), "writes en, zh, not de"),
    ],
)
async def test_what_it_was_not_trained_for_is_left_to_the_template(tmp_path: Path, request_: DraftRequest, why: str) -> None:
    writer = FakeWriter()
    draft = await generator(tmp_path, writer).draft(request_)
    assert (draft.text, draft.made_by) == (SKELETON, "template")
    assert draft.note == f"The local model {why}: this is the reply template alone."
    assert writer.asked == []


@pytest.mark.parametrize(
    ("writer", "why"),
    [
        (
            FakeWriter(REPLY.replace("1,939", "1,993")),
            "wrote a draft that does not hold: it says what stands nowhere: 1,993.00 EUR",
        ),
        (
            FakeWriter("Dear Eva Weber,\n\nthank you."),
            "does not hold: it leaves out what the reply template says: RE-7, 1,939.00 EUR",
        ),
        (FakeWriter("  \n"), "answered without a reply"),
        (FakeWriter(end="length"), "was cut off after 9 tokens; raise generate.max_tokens"),
        (FakeWriter(end="late"), "did not finish within 60 seconds"),
        (
            FakeWriter(end="failed", note="The device has too little memory for it."),
            "failed: The device has too little memory for it",
        ),
        (
            FakeWriter(error=Unreachable("the process ended", remedy="see the log")),
            "could not be asked (the process ended; see the log)",
        ),
        (FakeWriter(error=BadInput("the prompt is empty")), "could not be asked (the prompt is empty)"),
    ],
)
async def test_where_its_draft_will_not_do_the_template_is_the_draft_and_says_why(
    tmp_path: Path, writer: FakeWriter, why: str
) -> None:
    draft = await generator(tmp_path, writer).draft(asked())
    assert (draft.text, draft.made_by, draft.release) == (SKELETON, "template", "")
    assert why in draft.note
    assert draft.note.endswith(": this is the reply template alone.")


async def test_cancelling_a_draft_is_no_failure(tmp_path: Path) -> None:
    with pytest.raises(asyncio.CancelledError):
        await generator(tmp_path, FakeWriter(error=asyncio.CancelledError())).draft(asked())


@pytest.mark.parametrize("about", [None, {"prompt": "chat"}])
async def test_any_other_model_is_asked_by_chat_and_its_answer_made_a_reply(tmp_path: Path, about: Any) -> None:
    writer = FakeWriter("<think>hm</think>Here is the reply:\n\nDear Eva,\n\nit is 5 o'clock.", note="The prompt was too long …")
    draft = await generator(tmp_path, writer, about).draft(asked("anything", "de"))
    assert (draft.text, draft.made_by, draft.release) == ("Dear Eva,\n\nit is 5 o'clock.\n", "model", "model-dir")
    assert draft.note == "The prompt was too long …"
    [(prompt, options)] = writer.asked
    assert [one["role"] for one in prompt] == ["system", "user"]
    assert "Write in German" in prompt[0]["content"]
    assert options["stop"] == ()


@pytest.mark.parametrize("about", [{"prompt": "song"}, {"prompt": "brief", "kinds": "all"}, []])
def test_a_mailbot_json_that_is_none_is_told_at_once(tmp_path: Path, about: Any) -> None:
    with pytest.raises(ConfigError, match=r"mailbot\.json"):
        generator(tmp_path, FakeWriter(), about)


async def test_probing_says_which_model_writes_without_starting_it(tmp_path: Path) -> None:
    writer = FakeWriter()
    made = generator(tmp_path, writer, {"prompt": "chat"})
    line = await made.probe()
    assert line.startswith("model-dir: 18,880 parameters, ")
    assert line.endswith(", chat, by tensorflow; not started")
    await made.close()
    assert writer.closed


async def test_probing_finds_a_model_that_does_not_fit_what_it_says(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="are no tokens of its own"):
        await generator(tmp_path, FakeWriter()).probe()


async def test_probing_tells_a_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "nowhere")
    with pytest.raises(ConfigError, match=r"needs nowhere; install it with"):
        await generator(tmp_path, FakeWriter(), None).probe()


def test_the_config_says_how_the_process_runs() -> None:
    settings = Generate(slots=3, window=100, threads=5, idle_seconds=0)
    assert terms_of(settings, Path("m")) == Terms(model=Path("m"), slots=3, window=100, threads=5, idle_seconds=0)
    assert terms_of(Generate(), Path("m")).threads >= 1


def test_briefs_begin_with_nothing_in_common_that_would_be_worth_keeping(tmp_path: Path) -> None:
    (tmp_path / "mailbot.json").write_text('{"prompt": "brief"}')
    chat, brief = terms_of(Generate(), Path("m")).setup()["size"], terms_of(Generate(), tmp_path).setup()["size"]
    assert "prefixes" not in chat
    assert brief["prefixes"] == 0


async def test_the_config_names_the_model(tmp_path: Path) -> None:
    place = model(tmp_path, None)

    def made(release: str, **more: Any) -> Any:
        return make_generator(Config(state_dir=tmp_path / "state", generate=Generate(maker="model", release=release, **more)))

    assert isinstance(made(str(place)), LocalGenerator)
    for release, why in (("nobody", "no release 'nobody'"), ("../x", "no such directory"), ("a b", "cannot name a release")):
        with pytest.raises(ConfigError, match=f"generate.release: .*{why}"):
            made(release)
    registry = Registry(tmp_path / "state" / "models")
    with registry.gathering() as folder:
        shutil.copytree(place, folder, dirs_exist_ok=True)
        registry.settle(folder, "mine", source="here", added="2026-11-24")
    assert isinstance(made("mine"), LocalGenerator)
    registry.publish("mine")
    assert isinstance(made(""), LocalGenerator)


async def test_the_local_model_stands_in_for_a_server_that_is_away(tmp_path: Path) -> None:
    place = model(tmp_path, None)
    settings = Generate(maker="remote", url="http://127.0.0.1:9/v1", fallback="model", release=str(place), timeout_seconds=5)
    remote = make_generator(Config(state_dir=tmp_path, generate=settings))
    assert isinstance(remote, RemoteGenerator)
    assert isinstance(remote._fallback, LocalGenerator)
    remote._fallback._writer = FakeWriter()
    draft = await remote.draft(asked())
    await remote.close()
    assert (draft.made_by, draft.release) == ("model", "model-dir")
    assert "the local model wrote this instead" in draft.note
