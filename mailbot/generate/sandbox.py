"""The Jinja2 sandbox that reply templates run in: which names, filters and methods exist, and how much one rendering may do.

A template is plain text with facts. There is no way to other files, to Python's insides, or to grow a text by its own size; loops
share a budget, so that a slip of the pen costs milliseconds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import jinja2
from jinja2 import meta, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailbot.core.facts import FACTS, Value, facts_from
from mailbot.errors import TemplateProblem
from mailbot.generate import formats

MAX_LENGTH = 50_000
MAX_ROUNDS = 10_000
"""Rounds of all loops of one rendering together."""

_FILTERS = (
    "abs capitalize count d default first float int join last length list lower reject rejectattr reverse round select "
    "sort string sum title trim truncate unique upper wordcount"
).split()
_METHODS = frozenset("endswith lower lstrip removeprefix removesuffix rstrip split startswith strip title upper".split())
_BANNED = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Macro, nodes.CallBlock)


class _TooMuch(Exception):
    """A rendering went over its budget."""


class _Environment(ImmutableSandboxedEnvironment):
    """Allows the listed methods of texts and nothing that multiplies."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_callable(self, obj: Any) -> bool:
        owner = getattr(obj, "__self__", None)
        return (isinstance(owner, str) and getattr(obj, "__name__", "") in _METHODS) or type(obj).__name__ == "LoopContext"

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = (int, float, Decimal)
        if not (isinstance(left, numbers) and isinstance(right, numbers)) or operator == "**":
            raise _TooMuch(f"{operator} is for numbers" if operator != "**" else "** is not allowed")
        return super().call_binop(context, operator, left, right)


def _environment() -> _Environment:
    environment = _Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False, extensions=[], cache_size=0
    )
    environment.globals = {}
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters |= {"money": _money, "number": _number, "date": _day, "_rounds": _rounds}
    return environment


def _language(context: Context) -> str:
    return str(context.get("language") or "en")


@pass_context
def _money(context: Context, value: Any, currency: str | None = None) -> str:
    known = context.get("currency", "") if currency is None else currency
    return formats.money(value, _language(context), known)


@pass_context
def _number(context: Context, value: Any, places: int | None = None) -> str:
    return formats.number(value, _language(context), None if places is None else min(max(places, 0), 10))


@pass_context
def _day(context: Context, value: Any) -> str:
    return formats.day(value, _language(context))


@pass_context
def _rounds(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    """Count the rounds of every loop against one budget; put around each loop's values when a template is compiled."""
    budget = context.parent[_BUDGET]
    for value in values:
        budget[0] -= 1
        if budget[0] < 0:
            raise _TooMuch(f"its loops take more than {MAX_ROUNDS} rounds")
        yield value


_BUDGET = " budget"
"""A name that no template can write."""
_ENVIRONMENT = _environment()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One template file, ready to render."""

    file: str
    template: jinja2.Template

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text, its outer blank lines trimmed and no run of them longer than one. Raises TemplateProblem."""
        parts: list[str] = []
        left = MAX_LENGTH
        try:
            for part in self.template.generate({**values, _BUDGET: [MAX_ROUNDS]}):
                left -= len(part)
                if left < 0:
                    raise _TooMuch(f"its text is longer than {MAX_LENGTH} characters")
                parts.append(part)
        except jinja2.UndefinedError as error:
            raise _problem(self.file, error.message or "an unknown name", _line(error)) from None
        except (jinja2.TemplateError, _TooMuch, ArithmeticError, TypeError, ValueError, AttributeError, LookupError) as error:
            raise _problem(self.file, f"cannot be filled in: {error or type(error).__name__}", _line(error)) from None
        except RecursionError:
            raise _problem(self.file, "nests too deep") from None
        return _tidy("".join(parts))


def _tidy(text: str) -> str:
    """Return text without blanks at line ends and with at most one blank line in a row, ended by a line break."""
    kept: list[str] = []
    for line in (one.rstrip() for one in text.strip().splitlines()):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept) + "\n" if kept else ""


def compile_template(file: str, content: bytes) -> Compiled:
    """Compile one template and render it with sample facts. Raises TemplateProblem that names file, line and remedy."""
    try:
        source = _keep_line_ends(content.decode("utf-8-sig"))
        tree = _ENVIRONMENT.parse(source, file, file)
        _known_names(file, tree)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_rounds", [], [], None, None, lineno=loop.lineno)
        code = _ENVIRONMENT.compile(tree, file, file)
    except UnicodeDecodeError as error:
        raise _problem(file, "is not UTF-8", content.count(b"\n", 0, error.start) + 1, "save the file as UTF-8") from None
    except jinja2.TemplateSyntaxError as error:
        raise _problem(file, error.message or "does not parse", error.lineno) from None
    except RecursionError:
        raise _problem(file, "nests too deep") from None
    compiled = Compiled(file=file, template=jinja2.Template.from_code(_ENVIRONMENT, code, _ENVIRONMENT.globals))
    full, empty = samples()
    compiled.render(empty)
    if not compiled.render(full):
        raise _problem(file, "says nothing", remedy="write the reply")
    return compiled


_STATEMENTS_ONLY = re.compile(r"\s*(?:\{[%#](?:(?![%#]\}).)*[%#]\}\s*)+")


def _keep_line_ends(source: str) -> str:
    """Return the source such that only lines of nothing but statements vanish: Jinja2 would glue the next line to others too."""
    lines = source.split("\n")
    for at, line in enumerate(lines):
        text = line.rstrip()
        if text.endswith("%}") and not text.endswith(("-%}", "+%}")) and not _STATEMENTS_ONLY.fullmatch(text):
            lines[at] = text[:-2] + "+%}"
    return "\n".join(lines)


def _known_names(file: str, tree: nodes.Template) -> None:
    """Raise TemplateProblem for a name that is no fact, or a statement that templates do not have."""
    for banned in tree.find_all(_BANNED):
        raise _problem(file, f"{type(banned).__name__.lower()} is not allowed in a reply template", banned.lineno)
    for unknown in sorted(meta.find_undeclared_variables(tree) - set(FACTS)):
        line = next((name.lineno for name in tree.find_all(nodes.Name) if name.name == unknown), None)
        near = difflib.get_close_matches(unknown, FACTS, 1, 0.6)
        raise _problem(
            file, f"unknown fact {unknown!r}" + (f", did you mean {near[0]}?" if near else ""), line, "see the README's facts"
        )


def _problem(file: str, message: str, line: int | None = None, remedy: str = "mend the template") -> TemplateProblem:
    return TemplateProblem(f"{file}:{line}: {message}" if line else f"{file}: {message}", remedy=remedy)


def _line(error: BaseException) -> int | None:
    """Return the template's line that raised: Jinja2 rewrites its tracebacks to them."""
    trace, line = error.__traceback__, None
    while trace:
        if trace.tb_frame.f_code.co_name in ("root", "top-level template code", "template"):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def samples() -> tuple[dict[str, Value], dict[str, Value]]:
    """Return facts to try templates with: an item that has everything, and one that has nothing."""
    by_kind: dict[str, Value] = {"text": "sample", "number": Decimal("1234.50"), "date": date(2026, 11, 30), "flag": True}
    full = {name: (by_kind[fact.kind],) if fact.many else by_kind[fact.kind] for name, fact in FACTS.items()}
    full |= {"language": "en", "currency": "EUR", "from": "eva@example.org", "greeting_name": "Eva Weber"}
    return full, dict(facts_from({"language": "en", "desk": "Desk"}).values)  # type: ignore[return-value]
