"""Measures the figures of the README's table: `make bench`. Nothing is asserted; each line says what was measured and how.

Dovecot, the SMTP sink and mailbot run as processes of their own on loopback; the reviewer is played inside the daemon. The
generator is measured by `bench_generate`, here without its peers, OCR by `bench_ocr`.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mailbot import daemon
from mailbot.config_file import load
from mailbot.core.lifecycle import State
from tests.bench import bench_generate, bench_ocr
from tests.faults.desk_process import DeskProcess, accept_everything, until
from tests.faults.test_kill import desk_config, question, sink_process
from tests.servers.dovecot import Dovecot

THROUGHPUT_MAILS = 1000
LATENCY_MAILS = 20


def help_seconds() -> str:
    """`mailbot --help` as a whole process, median of 10."""
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "mailbot", "--help"], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return f"mailbot --help: {statistics.median(times):.2f} s (median of 10)"


def resident_mb(pid: int) -> tuple[float, int]:
    """Return the resident megabytes of a process and its children, and how many processes that are."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (str(pid), *children)]
    return sum(pages) * resource.getpagesize() / 1e6, len(pages)


async def idle_memory(directory: Path, dovecot: Dovecot) -> str:
    """The daemon after start with one IMAP account, watching, nothing read yet."""
    desk = DeskProcess(directory, desk_config(dovecot, 1))
    desk.start()
    try:
        await until(
            lambda: asyncio.to_thread(lambda: '"running": true' in desk.call("status", "--json").stdout), 30, "the daemon runs"
        )
        await asyncio.sleep(3)
        total, count = resident_mb(desk.pid)
        return f"idle daemon: {total:.0f} MB resident in {count} process(es)"
    finally:
        desk.stop()


async def latency(directory: Path, dovecot: Dovecot) -> str:
    """From the delivery into Dovecot to `in_review`, one text mail at a time. Dovecot itself waits up to 0.5 s to push."""
    desk = DeskProcess(directory, desk_config(dovecot, 1))
    desk.start()
    waits = []
    try:
        async with desk.parts() as parts:

            async def reviewed(wanted: int) -> bool:
                return (await parts.ledger.counts()).get(State.IN_REVIEW, 0) >= wanted

            for number in range(LATENCY_MAILS):
                await asyncio.to_thread(dovecot.deliver, "desk", question(number))
                start = time.perf_counter()
                while not await reviewed(number + 1):
                    await asyncio.sleep(0.01)
                waits.append(time.perf_counter() - start)
                await asyncio.sleep(0.3)
    finally:
        desk.stop()
    later = waits[1:]
    return f"delivered → visible to the reviewer: median {statistics.median(later):.2f} s, worst {max(later):.2f} s of {len(later)}"


async def throughput(directory: Path, dovecot: Dovecot) -> str:
    """Text mails the whole way: Dovecot → ledger → sandbox → rules → draft → accepted → SMTP sink."""
    for number in range(THROUGHPUT_MAILS):
        dovecot.deliver("desk", question(number))
    with sink_process(directory) as (mails, port_file):
        await until(lambda: asyncio.to_thread(lambda: port_file.exists() and port_file.read_text().strip()), 30, "the sink listens")
        desk = DeskProcess(directory, desk_config(dovecot, int(port_file.read_text())))
        async with daemon.build(load(desk.config_file)) as parts:
            start = time.perf_counter()
            async with daemon.running(parts):
                reviewer = asyncio.create_task(accept_everything(parts))

                async def done() -> bool:
                    return (await parts.ledger.counts()).get(State.SENT, 0) >= THROUGHPUT_MAILS

                await until(done, 300, "every mail is answered")
                seconds = time.perf_counter() - start
                reviewer.cancel()
            arrived = len(list(mails.glob("*.eml")))
    return (
        f"text mails the whole way: {THROUGHPUT_MAILS / seconds:.0f} items/s ({THROUGHPUT_MAILS} mails, {arrived} replies arrived)"
    )


def main() -> None:
    """Run every measurement, each on a desk of its own."""
    print(help_seconds(), flush=True)
    chosen = set(sys.argv[1:])
    for measure in (idle_memory, latency, throughput):
        if chosen and measure.__name__ not in chosen:
            continue
        with tempfile.TemporaryDirectory() as directory, Dovecot({"desk": "secret"}) as dovecot:
            print(asyncio.run(_run(measure, Path(directory), dovecot)), flush=True)
    if not chosen or "generate" in chosen:
        bench_generate.main([])
    if not chosen or "ocr" in chosen:
        bench_ocr.main([])


async def _run(measure: Callable[..., object], directory: Path, dovecot: Dovecot) -> object:
    return await measure(directory, dovecot)  # type: ignore[misc]


if __name__ == "__main__":
    main()
