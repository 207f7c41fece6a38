"""Takes the README's picture, the demo's scanned invoice with its draft beside it: `python -m tests.make_screenshot`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from mailbot.core.lifecycle import State
from mailbot.demo import play
from tests.faults.desk_process import until
from tests.servers.browser import chromium

PICTURE = Path(__file__).parents[1] / "docs" / "review.png"


async def main() -> None:
    """Run the demo, let the approvers agree, and take the picture of the draft under review."""
    with tempfile.TemporaryDirectory() as directory:
        async with play.stage(Path(directory), 0) as on:
            await play.send_samples(on)
            scan = next(sample for sample in play.samples() if sample.name == "02-invoice-scan")

            async def drafted() -> bool:
                items = await on.parts.ledger.items(limit=100)
                mine = [item for item in items if item.message_id == scan.message_id]
                for item in mine:
                    if item.state is State.AWAITING_APPROVAL:
                        await on.parts.desk.approve(item.id, "anna", why="matches the order")
                        await on.parts.desk.approve(item.id, "ben")
                return bool(mine) and mine[0].state is State.IN_REVIEW

            await until(drafted, 120, "the scan is drafted")
            items = await on.parts.ledger.items(limit=100)
            number = next(item.id for item in items if item.message_id == scan.message_id)
            async with chromium(viewport={"width": 1280, "height": 1000}) as browser:
                page = await browser.open(f"{on.url}items/{number}")
                await page.select_option("#person", "anna")
                await page.wait_for_load_state("networkidle")
                await page.wait_for_timeout(3000)
                await page.screenshot(path=PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
