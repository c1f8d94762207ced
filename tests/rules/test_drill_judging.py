"""The drill's judge is shown to fail: each thing that must not be is put in and found."""

from dataclasses import replace
from datetime import date

import pytest

from tests.drill.judging import Happened, Row, judge

OLD, NEW = date(2026, 12, 11), date(2027, 1, 15)
CALM = Happened(kills=0, restarts=0, unheard=0)


def row(n, firm, rule, on, **more):
    values = {"step": "firm:20w", "state": "queued", "message": "sent", "address": f"{firm}@example.invalid"}
    return Row(id=str(n), firm=firm, rule=rule, anchor_on=on, **{**values, **more})


ROWS = [
    row(1, "a", "tech_sme_due", OLD),
    row(2, "b", "tech_sme_due", OLD),
    row(3, "a", "hnte_due", OLD),
    row(4, "a", "date_changed", NEW, step="changed:firm_due:v3"),
    row(5, "b", "hnte_due", OLD, state="withdrawn", message="withdrawn"),
    row(6, "c", "tech_sme_due", OLD, address="nobody1@example.invalid", message="dead"),
]
TAKEN = [(r.id, r.address) for r in ROWS if r.state == "queued" and r.message == "sent"]


def faults(rows=ROWS, taken=TAKEN, happened=CALM):
    return judge(rows, ["a", "b", "c"], taken, happened, moved_to=NEW).faults


def test_what_held_is_found_to_have_held():
    assert faults() == []


@pytest.mark.parametrize(
    ("rows", "taken", "said"),
    [
        (ROWS[1:], TAKEN[1:], "not in the ledger"),
        ([*ROWS, replace(ROWS[0], id="9")], [*TAKEN, ("9", ROWS[0].address)], "more than once"),
        (ROWS[:3] + ROWS[4:], [t for t in TAKEN if t[0] != "4"], "changed date"),
        (
            [*ROWS, replace(ROWS[3], id="9", step="changed:firm_due:v4")],
            [*TAKEN, ("9", ROWS[3].address)],
            "changed date",
        ),
        (ROWS, TAKEN[1:], "never delivered"),
        ([replace(ROWS[0], message="pending"), *ROWS[1:]], TAKEN, "not settled"),
        ([*ROWS[:5], replace(ROWS[5], message="pending")], TAKEN, "dead letters"),
        (ROWS, [*TAKEN, ("5", ROWS[4].address)], "taken back"),
        (ROWS, [*TAKEN, ("unknown", "a@example.invalid")], "nobody wrote"),
        (ROWS, [("1", "b@example.invalid"), *TAKEN[1:]], "another address"),
        (ROWS, [*TAKEN, TAKEN[0]], "extra copies"),
    ],
)
def test_each_thing_that_must_not_be_is_a_fault(rows, taken, said):
    assert any(said in fault for fault in faults(rows, taken))


def test_a_copy_is_explained_by_a_kill_or_by_an_answer_that_was_lost():
    again = [*TAKEN, TAKEN[0]]
    assert faults(taken=again, happened=replace(CALM, kills=1)) == []
    assert faults(taken=again, happened=replace(CALM, unheard=1)) == []
