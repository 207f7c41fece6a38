"""What hostile bytes could make a worker do, each tried for real: it costs that file, never the daemon or another file."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mailbot.config import Extract
from mailbot.errors import MailbotError, WorkerUnavailable
from mailbot.extract.reader import READERS
from mailbot.extract.sandbox import Sandbox
from mailbot.extract.spawn import COMMAND
from mailbot.ports import Extracted

HOSTILE = (sys.executable, "-P", str(Path(__file__).with_name("hostile_worker.py")))
BYTES = bytes(range(32)) * 4

Read = Callable[[str], Awaitable[Extracted]]


@pytest.fixture(autouse=True)
def _hostile_type_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS, "application/x-hostile", "hostile_reader")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    settings = Extract(workers=1, memory_mb=400, cpu_seconds=1, wall_seconds=600, file_mb=8)
    sandbox = Sandbox(settings, command=HOSTILE)
    yield sandbox
    await sandbox.close()


async def read(sandbox: Sandbox, deed: str) -> tuple[str, str]:
    """Return what the reader said, and the problem's detail."""
    extracted = await sandbox.read(f"{deed}.bin", BYTES, media_type="application/x-hostile")
    (document,) = extracted.reading.documents
    assert document.name == f"{deed}.bin"
    problems = extracted.reading.problems
    assert all(problem.code in ("over_limit", "unreadable_file", "broken_answer") for problem in problems)
    return (document.pages[0].text if document.pages else ""), " ".join(f"{one.code} {one.detail}" for one in problems)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("memory", "over_limit memory.bin: it needs more than 400 MB of memory"),
        ("loop", "over_limit loop.bin: it used more than 1 seconds of processor time"),
        ("crash", "over_limit crash.bin: it crashed (SIGSEGV)"),
        ("kill", "over_limit kill.bin: the system killed it"),
        ("leave", "over_limit leave.bin: it ended by itself with status 7"),
        ("disk", "over_limit disk.bin: its text and tables, or a file made from it, are larger"),
        ("nesting", "over_limit nesting.bin: it is nested too deeply"),
        ("bug", 'unreadable_file bug.bin: KeyError: "a reader\'s bug"'),
        ("types", "broken_answer types.bin: TypeError"),
        ("garbage", "over_limit garbage.bin: it answered nonsense"),
        ("promise", "over_limit promise.bin: it answered nonsense"),
    ],
)
async def test_a_worker_that_misbehaves_costs_its_file_and_the_reason_is_told(sandbox: Sandbox, deed: str, words: str) -> None:
    text, problem = await read(sandbox, deed)
    assert text == ""
    assert words in problem
    assert await read(sandbox, "fine") == ("fine", "")


@pytest.mark.parametrize("deed", ["internet", "local", "fork", "execute"])
async def test_a_worker_reaches_no_network_and_starts_no_process(sandbox: Sandbox, deed: str) -> None:
    text, problem = await read(sandbox, deed)
    assert text == "refused: PermissionError"
    assert problem == ""
    assert sandbox.isolation() in ("network namespace", "seccomp")


@pytest.mark.parametrize(
    ("options", "cut"),
    [
        (("--no-namespace",), "seccomp"),
        (("--no-filter",), "network namespace"),
        (("--no-namespace", "--no-filter"), "none"),
    ],
)
async def test_the_cut_that_is_in_force_is_told(options: tuple[str, ...], cut: str) -> None:
    sandbox = Sandbox(Extract(), command=(*HOSTILE, *options))
    try:
        assert sandbox.isolation() == ""
        await sandbox.start()
        assert sandbox.isolation() in (cut, "none")  # A system without user namespaces has no network namespace to offer.
        text, _ = await read(sandbox, "internet")
        assert text == ("refused: PermissionError" if cut == "seccomp" else text)
        assert cut == "seccomp" or text.startswith("did <socket.socket")
    finally:
        await sandbox.close()


async def test_a_worker_knows_nothing_of_the_daemon(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "not for readers")
    text, _ = await read(sandbox, "environment")
    assert "DESK_PASSWORD" not in text
    assert f"cwd={os.getcwd()}" not in text


async def test_what_a_library_prints_does_not_get_between_the_answers(sandbox: Sandbox) -> None:
    assert await read(sandbox, "chatter") == ("said", "")
    assert await read(sandbox, "fine") == ("fine", "")


async def test_a_worker_that_hangs_is_stopped_by_the_clock() -> None:
    sandbox = Sandbox(Extract(workers=1, wall_seconds=1), command=HOSTILE)
    try:
        _, problem = await read(sandbox, "hang")
        assert problem.startswith("over_limit hang.bin: it took longer than 1 seconds")
    finally:
        await sandbox.close()


async def test_one_bad_file_among_many_costs_only_itself() -> None:
    sandbox = Sandbox(Extract(workers=2, memory_mb=400), command=HOSTILE)
    deeds = ["fine", "kill", "fine", "memory", "fine", "leave", "fine", "bug", "fine"]
    try:
        answers = await asyncio.gather(*(read(sandbox, deed) for deed in deeds))
    finally:
        await sandbox.close()
    assert [text for text, _ in answers] == ["fine", "", "fine", "", "fine", "", "fine", "", "fine"]


async def test_cancelling_a_read_frees_its_worker(sandbox: Sandbox) -> None:
    reading = asyncio.create_task(read(sandbox, "hang"))
    while not sandbox._heavy.isolation:  # Until the worker has the job in hand.
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await read(sandbox, "fine") == ("fine", "")


async def test_jobs_behind_a_killed_worker_in_its_pipe_are_done_by_the_next() -> None:
    sandbox = Sandbox(Extract(wall_seconds=60))
    mail = b"From: a@example.org\nSubject: %d\n\nwords\n"
    try:
        await sandbox.start()
        reads = [asyncio.create_task(sandbox.read("m", mail % n, media_type="message/rfc822")) for n in range(60)]
        await reads[0]
        # The kernel ends the worker while it has a pipe full of jobs.
        for pid in children():
            os.kill(pid, 9)
        results = await asyncio.gather(*reads)
    finally:
        await sandbox.close()
    lost = [result for result in results if result.reading.problems]
    assert len(lost) <= 2  # What each of the two light workers had in hand.
    read_well = [result.reading.message.subject for result in results if result.reading.message]
    assert len(read_well) == 60 - len(lost)


def children() -> list[int]:
    """Return the process ids of this process's children."""
    own = str(os.getpid())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if parent == own:
                found.append(int(entry.name))
    return found


async def test_closing_ends_every_worker_and_fails_what_waits(sandbox: Sandbox) -> None:
    reading = asyncio.create_task(read(sandbox, "hang"))
    while not sandbox._heavy.isolation:
        await asyncio.sleep(0.05)
    workers = children()
    await sandbox.close()
    with pytest.raises(MailbotError):
        await reading
    assert not set(workers) & set(children())
    with pytest.raises(MailbotError, match="closed"):
        await sandbox.read("fine.bin", BYTES, media_type="application/x-hostile")


async def test_a_worker_that_cannot_start_is_the_machines_fault_not_the_files() -> None:
    sandbox = Sandbox(Extract(), command=(sys.executable, "-c", "raise SystemExit(3)"))
    try:
        with pytest.raises(WorkerUnavailable, match="status 3") as caught:
            await sandbox.read("a.bin", BYTES)
        assert caught.value.retry
    finally:
        await sandbox.close()
    sandbox = Sandbox(Extract(), command=("/nonexistent/python",))
    try:
        with pytest.raises(WorkerUnavailable):
            await sandbox.read("a.bin", BYTES)
    finally:
        await sandbox.close()


async def test_a_worker_dies_with_the_daemon() -> None:
    script = (
        "import asyncio, os\n"
        "from mailbot.config import Extract\n"
        "from mailbot.extract.sandbox import Sandbox\n"
        "async def main():\n"
        "    sandbox = Sandbox(Extract())\n"
        "    await sandbox.start()\n"
        "    print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    daemon = await asyncio.create_subprocess_exec(COMMAND[0], "-c", script, stdout=asyncio.subprocess.PIPE)
    assert daemon.stdout is not None
    worker = int((await asyncio.wait_for(daemon.stdout.readline(), 60)).split()[0])
    daemon.kill()
    await daemon.wait()
    for _ in range(300):
        if not Path(f"/proc/{worker}").exists():
            break
        await asyncio.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()
