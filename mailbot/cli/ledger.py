"""`verify`, `reconcile`, `replay`: is everything there, and as it was written?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from mailbot.cli.items import ItemArgument, Json, with_parts
from mailbot.errors import LedgerDamaged, MailbotError, NotFound

if TYPE_CHECKING:
    from mailbot.daemon import Parts
    from mailbot.ports import Finding


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    for command in (verify, reconcile, replay):
        app.command()(command)


def verify(as_json: Json = False) -> None:
    """Check the audit chain, each item against its last entry, and each blob against its hash."""

    async def action(parts: Parts) -> tuple[list[Finding], tuple[int, str]]:
        return await parts.ledger.verify(), await parts.ledger.head()

    try:
        findings, (entries, head) = with_parts(action)
    except LedgerDamaged as error:
        from mailbot.ports import Finding

        findings, (entries, head) = [Finding(what="ledger", detail=f"{error.args[0]}: restore a backup")], (0, "")
    if as_json:
        found = [{"what": one.what, "detail": one.detail} for one in findings]
        print(json.dumps({"ok": not findings, "entries": entries, "head": head, "findings": found}, ensure_ascii=False))
    else:
        for one in findings:
            print(f"{one.what}: {one.detail}")
        chain = f"{entries} entries, head {head}" if head else "the chain cannot be read"
        print(f"{chain}: {'nothing was changed' if not findings else f'{len(findings)} findings'}")
    raise typer.Exit(1 if findings else 0)


def reconcile(as_json: Json = False) -> None:
    """Compare the server's UIDs with the ledger, folder by folder."""

    async def action(parts: Parts) -> list[dict[str, Any]]:
        from mailbot.inbox.reconcile import reconcile as compare

        rows: list[dict[str, Any]] = []
        for name, mailbox in parts.mailboxes.items():
            try:
                counts = await compare(mailbox, parts.ledger, name)
            except MailbotError as error:
                rows.append(
                    {
                        "account": name,
                        "folder": "",
                        "server": 0,
                        "ledger": 0,
                        "missing": 0,
                        "error": str(error),
                        "exit": error.exit_code,
                    }
                )
                continue
            rows += [
                {"account": one.account, "folder": one.folder, "server": one.server, "ledger": one.ledger, "missing": one.missing}
                for one in counts
            ]
        return rows

    rows = with_parts(action)
    unreachable = max((row.pop("exit", 0) for row in rows), default=0)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    elif not rows:
        print("no account of the config has an IMAP server")
    for row in () if as_json else rows:
        if "error" in row:
            print(f"{row['account']}: {row['error']}")
        else:
            print(f"{row['account']} {row['folder']}: server {row['server']}, ledger {row['ledger']}, missing {row['missing']}")
    raise typer.Exit(unreachable or (1 if any(row["missing"] for row in rows) else 0))


def replay(item: ItemArgument, as_json: Json = False) -> None:
    """Read and route an item again from its stored bytes, and compare with what was stored, byte for byte.

    What was known of its supplier then is known again, and what people corrected still counts for the route.
    """

    async def action(parts: Parts) -> dict[str, Any]:
        from mailbot.core.corrections import corrected, corrections_from
        from mailbot.core.document import reading_from_json, reading_to_json
        from mailbot.core.route import route_to_json
        from mailbot.core.supplier_files import hints_from_json
        from mailbot.steps import canonical

        row = await parts.ledger.item(item)
        stored = {kind: await parts.ledger.artifact(item, kind) for kind in ("reading", "route")}
        if stored["reading"] is None:
            raise NotFound(f"item {item} has not been read yet", remedy=f"it is {row.state}")
        hints = reading_from_json(json.loads(stored["reading"])).hints
        then = hints_from_json(json.loads(await parts.ledger.blob(hints))) if hints else ()
        parts.extractor.suppliers = lambda: then
        extracted = await parts.extractor.read(row.name, await parts.ledger.blob(row.sha256))
        again = {"reading": canonical(reading_to_json(extracted.reading, full=True))}
        if stored["route"] is not None:
            corrections = corrections_from(await parts.ledger.artifacts(item, "correction"))
            route = parts.rulebook.route(parts.answers.facts(row, corrected(extracted.reading, corrections)))
            again["route"] = canonical(route_to_json(route, full=True))
        return {"item": str(item), **{kind: "same" if stored[kind] == value else "differs" for kind, value in again.items()}}

    value = with_parts(action)
    if as_json:
        print(json.dumps(value, ensure_ascii=False))
    else:
        print("\n".join(f"{key}: {what}" for key, what in value.items()))
        if value.get("route") == "differs":
            print("the rules or templates in force may have changed since; `mailbot explain` shows both")
    raise typer.Exit(1 if "differs" in value.values() else 0)
