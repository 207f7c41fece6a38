"""What decisions amount to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailbot.core.approval import Decision, decision_from_json, decision_to_json, missing, standing
from mailbot.core.route import Route

NAMES = st.sampled_from(["anna", "ben", "carl", "stranger"])
DECISIONS = st.lists(st.builds(lambda who, yes: Decision(approver=who, approved=yes), NAMES, st.booleans()), max_size=8)


def yes(name: str) -> Decision:
    return Decision(approver=name, approved=True)


def no(name: str) -> Decision:
    return Decision(approver=name, approved=False, why="too much")


def test_all_needs_everybody_and_any_needs_one() -> None:
    both = Route(approvers=("anna", "ben"))
    assert standing(both, []) == "open"
    assert standing(both, [yes("anna")]) == "open"
    assert missing(both, [yes("anna")]) == ("ben",)
    assert standing(both, [yes("anna"), yes("ben")]) == "approved"
    assert standing(Route(approvers=("anna", "ben"), approve="any"), [yes("ben")]) == "approved"


def test_one_refusal_refuses_and_may_be_taken_back() -> None:
    route = Route(approvers=("anna", "ben"), approve="any")
    assert standing(route, [yes("anna"), no("ben")]) == "refused"
    assert standing(route, [no("ben"), yes("ben")]) == "approved"


def test_a_stranger_does_not_count() -> None:
    assert standing(Route(approvers=("anna",)), [yes("stranger")]) == "open"
    assert standing(Route(approvers=("anna",)), [no("stranger")]) == "open"


def test_no_approvers_is_approved() -> None:
    assert standing(Route(), []) == "approved"


@given(DECISIONS, st.sampled_from(["all", "any"]))
def test_approved_means_that_nobody_asked_said_no_last(decisions: list[Decision], mode: str) -> None:
    route = Route(approvers=("anna", "ben"), approve=mode)  # type: ignore[arg-type]
    outcome = standing(route, decisions)
    last = {one.approver: one.approved for one in decisions if one.approver in route.approvers}
    assert (outcome == "refused") == (False in last.values())
    if outcome == "approved":
        assert last
        assert all(last.values())
        assert mode == "any" or set(last) == {"anna", "ben"}


@given(DECISIONS)
def test_a_decision_survives_json(decisions: list[Decision]) -> None:
    assert [decision_from_json(decision_to_json(one)) for one in decisions] == decisions
