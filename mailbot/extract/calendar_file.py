"""Reads calendar files and invitations (iCalendar, RFC 5545; iTIP's methods, RFC 5546) as text: what, when, where, who."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from mailbot.core.document import Document, Page, Problem
from mailbot.extract import charset, text_file
from mailbot.extract.mail_header import clean
from mailbot.extract.reader import Found, Limits

MAX_CALENDAR = 2_000_000
"""Bytes that are read."""
MAX_EVENTS = 200
MAX_PEOPLE = 100

_METHODS = {
    "REQUEST": "Invitation", "CANCEL": "Cancelled", "REPLY": "Answer to an invitation", "COUNTER": "Another time proposed",
    "DECLINECOUNTER": "Proposed time declined", "ADD": "Further dates", "REFRESH": "Asked for again", "PUBLISH": "Calendar entry",
}  # fmt: skip
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "maybe", "DELEGATED": "delegated"}


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Read a calendar file, a page for each event; what is none, or breaks the format, is shown as the text it is."""
    import icalendar

    try:
        calendars = icalendar.Calendar.from_ical(charset.decode(content[:MAX_CALENDAR])[0], multiple=True)
        pages = [Page(number=number, text=text) for number, text in enumerate(_events(calendars), 1)]
    except MemoryError:
        raise
    except Exception:  # a calendar is refused for many small faults, and its text is readable as it stands
        pages = []
    if not pages:
        return text_file.read(name, content, media_type, limits)
    problems = []
    if len(pages) > MAX_EVENTS or len(content) > MAX_CALENDAR:
        detail = f"{name}: only the first {min(len(pages), MAX_EVENTS)} entries were read"
        problems.append(Problem(code="too_many_pages", detail=detail, remedy="look at the original"))
    document = Document(name=name, media_type=media_type, pages=tuple(pages[:MAX_EVENTS]))
    return Found(documents=(document,), problems=tuple(problems))


def _events(calendars: list[Any]) -> Iterator[str]:
    """Yield the text of each event, task and busy time, one more than is kept."""
    count = 0
    for calendar in calendars:
        method = str(calendar.get("method", "")).upper()
        for event in calendar.subcomponents:
            if event.name in ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY") and count <= MAX_EVENTS:
                count += 1
                yield "\n".join(_lines(event, method))


def _lines(event: Any, method: str) -> Iterator[str]:
    title = clean(str(event.get("summary", "")))
    status = str(event.get("status", "")).upper()
    kind = "Cancelled" if status == "CANCELLED" else _METHODS.get(method, "Calendar entry")
    yield f"{kind}: {title}" if title else kind
    if when := _when(event):
        yield f"When: {when}"
    if due := _moment(event.get("due")):
        yield f"Due: {due}"
    if rule := event.get("rrule"):
        yield "Repeats: " + clean((rule[0] if isinstance(rule, list) else rule).to_ical().decode("utf-8", "replace"))
    if place := clean(str(event.get("location", ""))):
        yield f"Where: {place}"
    for label, key in (("Organizer", "organizer"), ("Attendees", "attendee")):
        if people := [_person(one) for one in _several(event.get(key))[:MAX_PEOPLE]]:
            yield f"{label}: " + ", ".join(people)
    for key in ("description", "comment"):
        if text := "\n".join(str(one) for one in _several(event.get(key))).strip():
            yield "\n" + charset.clean(text)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _when(event: Any) -> str:
    """Return from when to when, in the calendar's own time with its zone."""
    start = event.get("dtstart")
    begin = _moment(start)
    if not begin:
        return ""
    end = _moment(event.get("dtend"))
    if not end and (lasts := getattr(event.get("duration"), "dt", None)) and hasattr(start, "dt"):
        end = _shown(start.dt + lasts)
    whole_days = not isinstance(start.dt, datetime.datetime)
    if whole_days and end:  # the end is the day after the last (RFC 5545 3.6.1)
        end = (datetime.date.fromisoformat(end) - datetime.timedelta(days=1)).isoformat()
    zone = "UTC" if str(getattr(start.dt, "tzinfo", "")) == "UTC" else clean(str(start.params.get("TZID", "")))
    until = end.removeprefix(begin[:11]) if not whole_days else end
    return begin + (f" to {until}" if until and end != begin else "") + (f" ({zone})" if zone else "")


def _moment(value: Any) -> str:
    return _shown(value.dt) if hasattr(value, "dt") else ""


def _shown(moment: Any) -> str:
    if isinstance(moment, datetime.datetime):
        return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="minutes")
    return moment.isoformat() if isinstance(moment, datetime.date) else ""


def _person(value: Any) -> str:
    """Return a calendar user: name, address, and what they answered."""
    text = str(value)
    address = clean(text[7:] if text[:7].lower() == "mailto:" else text)
    parameters = getattr(value, "params", {})
    name, answer = clean(str(parameters.get("CN", ""))), _ANSWERS.get(str(parameters.get("PARTSTAT", "")).upper(), "")
    shown = f"{name} <{address}>" if name and name != address else address
    return f"{shown} ({answer})" if answer else shown
