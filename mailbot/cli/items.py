"""`status`, `items`, `show`, `explain`, and what the page does for scripts: approvals, reviews and the ways out."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mailbot.cli.app import GLOBAL, load_config
from mailbot.errors import UsageError

if TYPE_CHECKING:
    from mailbot.core.item import Item
    from mailbot.core.view import View
    from mailbot.daemon import Parts

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
ItemArgument = Annotated[int, typer.Argument(metavar="ITEM", help="The item's number.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    for command in (status, items, show, explain, approve, correct, close, retry, settle, outbox):
        app.command()(command)
    review = typer.Typer(help="Review drafts, as the page does.", no_args_is_help=True)
    review.command("accept")(review_accept)
    review.command("edit")(review_edit)
    review.command("reject")(review_reject)
    review.command("redraft")(review_redraft)
    review.command("withdraw")(review_withdraw)
    app.add_typer(review, name="review")


def with_parts(action: Callable[[Parts], Awaitable[T]]) -> T:
    """Build the parts of the config, run one action on them, close them."""
    from mailbot import daemon

    config = load_config()

    async def call() -> T:
        async with daemon.build(config) as parts:
            return await action(parts)

    return asyncio.run(call())


def status(as_json: Json = False) -> None:
    """Say whether the daemon runs, how each part fares, and how many items stand where."""
    from mailbot import summary

    config = load_config()
    value = asyncio.run(summary.status(config))
    if as_json:
        print(json.dumps(value, ensure_ascii=False))
        return
    print(f"daemon: {'running' if value['running'] else 'not running'}")
    for part in value["parts"]:
        print(f"{part['part']}: {part['state']} since {part['since']}{': ' + part['detail'] if part['detail'] else ''}")
    for state, count in value["items"].items():
        print(f"{state}: {count}")


def items(
    state: Annotated[list[str] | None, typer.Option(help="Only items in this state; may be repeated.")] = None,
    search: Annotated[str, typer.Option(help="Only items whose subject, sender, name or tags contain this.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: Json = False,
) -> None:
    """List items, newest first."""
    from mailbot import summary
    from mailbot.core.lifecycle import State

    unknown = [one for one in state or [] if one not in list(State)]
    if unknown:
        raise UsageError(f"no state {unknown[0]!r}", remedy=f"states are: {', '.join(State)}")

    async def action(parts: Parts) -> list[Item]:
        return await parts.ledger.items(states=[State(one) for one in state or []], search=search, limit=limit)

    found = with_parts(action)
    if as_json:
        print(json.dumps([summary.item_json(item) for item in found], ensure_ascii=False))
        return
    if not found:
        print("no items" if not state and not search else "no such items")
    for item in found:
        tags = f" [{', '.join(item.tags)}]" if item.tags else ""
        sender = item.sender or item.origin.account
        print(f"{item.id}  {item.state}  {item.received_at:%Y-%m-%d %H:%M}  {sender}  {item.subject}{tags}")


def show(item: ItemArgument, as_json: Json = False) -> None:
    """Show one item whole: reading, route, approvals, drafts, reply and history."""
    from mailbot import summary

    view = with_parts(lambda parts: parts.desk.view(item))
    if as_json:
        print(json.dumps(summary.view_json(view), ensure_ascii=False))
        return
    print(summary.view_text(view))


def explain(item: ItemArgument, as_json: Json = False) -> None:
    """Say, rule by rule and condition by condition, why an item was routed as it was."""
    from mailbot import summary

    async def action(parts: Parts) -> dict[str, Any]:
        return await summary.explain(parts, item)

    value = with_parts(action)
    print(json.dumps(value, ensure_ascii=False) if as_json else summary.explain_text(value))


def approve(
    item: ItemArgument,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse instead.")] = False,
    why: Annotated[str, typer.Option(help="The reason; a refusal needs one.")] = "",
) -> None:
    """Answer a request for approval, as the person named with --as."""
    _decide(lambda parts: parts.desk.approve(item, GLOBAL.person, approved=not refuse, why=why))


def correct(
    item: ItemArgument,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="What fields should be; NAME= for none.")],
    document: Annotated[int | None, typer.Option(min=1, help="Which document of the item; the one with fields by default.")] = None,
    remember: Annotated[bool, typer.Option("--remember", help="Write down how the supplier's next paper is read.")] = False,
) -> None:
    """Correct fields of a document: the rules are asked again, and a new draft is made."""
    said = [one.partition("=") for one in values]
    if wrong := [one for one, sign, _ in said if not sign]:
        raise UsageError(f"{wrong[0]!r} is not NAME=VALUE", remedy="write it like total=1234.56")

    async def action(parts: Parts) -> Item:
        place = document - 1 if document else _only_document(await parts.desk.view(item))
        corrected = await parts.desk.correct(item, GLOBAL.person, place, {name: value for name, _, value in said})
        if remember:
            proposed = await parts.learner.propose(await parts.desk.view(item), place)
            for name, why in proposed.refused:
                print(f"{name} is not remembered: {why}", file=sys.stderr)
            if proposed.fields:
                await parts.learner.remember(proposed.digest, GLOBAL.person)
                print(f"{parts.config.suppliers_dir / proposed.file}:")
                print("\n".join(f"  {line}" for line, _ in proposed.lines))
        return corrected

    _decide(action)


def _only_document(view: View) -> int:
    """Return the place of the one document that has fields, else of the only one. Raises UsageError when that is not one."""
    documents = view.reading.documents if view.reading else ()
    places = [place for place, one in enumerate(documents) if one.fields] or list(range(len(documents)))
    if len(places) != 1:
        names = ", ".join(f"{number} {one.name}" for number, one in enumerate(documents, 1)) or "none"
        raise UsageError(
            f"item {view.item.id} has several documents: {names}" if places else f"item {view.item.id} has none",
            remedy="say which with --document",
        )
    return places[0]


def review_accept(
    item: ItemArgument,
    acknowledge: Annotated[bool, typer.Option(help="Accept although some figures were not found in the mail.")] = False,
    version: Annotated[int | None, typer.Option(help="The draft version that was looked at; the latest by default.")] = None,
) -> None:
    """Accept the draft: it is sent."""
    _decide(lambda parts: parts.desk.accept(item, GLOBAL.person, version=version, acknowledged=acknowledge))


def review_edit(item: ItemArgument, text: Annotated[Path, typer.Option(help="File with the new text; - for stdin.")]) -> None:
    """Replace the draft's text."""
    try:
        new = sys.stdin.read() if str(text) == "-" else text.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{text}: cannot be read: {why}", remedy="name a UTF-8 text file") from error
    _decide(lambda parts: parts.desk.edit(item, GLOBAL.person, new))


def review_reject(item: ItemArgument, why: Annotated[str, typer.Option(help="The reason.")]) -> None:
    """Reject the draft."""
    _decide(lambda parts: parts.desk.reject(item, GLOBAL.person, why))


def review_redraft(item: ItemArgument) -> None:
    """Ask for a new draft."""
    _decide(lambda parts: parts.desk.redraft(item, GLOBAL.person))


def review_withdraw(item: ItemArgument) -> None:
    """Take a reply that waits in the outbox back into review."""
    _decide(lambda parts: parts.desk.withdraw(item, GLOBAL.person))


def close(item: ItemArgument, why: Annotated[str, typer.Option(help="The reason.")] = "") -> None:
    """End an item without a reply."""
    _decide(lambda parts: parts.desk.close(item, GLOBAL.person, why))


def retry(item: ItemArgument) -> None:
    """Start a failed or quarantined item again, reconsider a refused one, or ask the rules again who must approve."""
    _decide(lambda parts: parts.desk.retry(item, GLOBAL.person))


def settle(
    item: ItemArgument,
    delivered: Annotated[bool, typer.Option("--delivered/--send-again", help="Whether the reply arrived.")],
) -> None:
    """Settle a reply whose delivery is unknown: it arrived after all, or the same bytes go out again."""
    _decide(lambda parts: parts.desk.settle(item, GLOBAL.person, delivered=delivered))


def outbox(as_json: Json = False) -> None:
    """List replies that wait, are being sent, or are unknown."""
    found = with_parts(lambda parts: parts.ledger.outbox())
    if as_json:
        rows = [
            {
                "item": str(item.id),
                "state": item.state,
                "message_id": out.message_id,
                "to": list(out.recipients),
                "reason": item.reason,
            }
            for item, out in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    if not found:
        print("nothing waits")
    for item, out in found:
        print(f"{item.id}  {item.state}  to {', '.join(out.recipients)}  {out.message_id}  {item.reason}")


def _decide(action: Callable[[Parts], Awaitable[Item]]) -> None:
    """Take a decision and print where the item stands now."""
    item = with_parts(action)
    print(f"item {item.id} is {item.state}")
