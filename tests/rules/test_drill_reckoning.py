"""The drill's reckoning is shown to fail: each thing that must not be is put in and found, and nothing else is."""

from dataclasses import replace

import pytest

from tests.drill.journal import Journal, Outcome, Write
from tests.drill.reckoning import FAULTS, Kept, Tally, reckon

DONE, REFUSED, GIVEN_UP = Outcome.DONE, Outcome.REFUSED, Outcome.GIVEN_UP
WRITES = [
    Write("move", "m1", "eaglet", ("a>b",), DONE),
    Write("save", "f/1", None, ("begun f", "filled f 1"), DONE),
    Write("save", "f/2", "17", ("filled f 2",), DONE),
    Write("move", "m2", "gazelle", ("b>c",), REFUSED),
    Write("upload", "sha1", "sha1 9", ("file sha1",), GIVEN_UP),
    Write("upload", "sha2", "sha2 9", ("file sha2",), GIVEN_UP),
]
KEPT = [
    Kept("move", "m1", "eaglet"),
    Kept("save", "f/1", "17"),
    Kept("save", "f/2", "17"),
    Kept("upload", "sha1", "sha1 9"),
]
TRAIL = [("move", "a>b"), ("save", "begun f"), ("save", "filled f 1"), ("save", "filled f 2"), ("upload", "file sha1")]


def faults(writes=WRITES, kept=KEPT, trail=TRAIL):
    whole = sum(reckon(writes, kept, trail).values(), Tally())
    return {name: getattr(whole, name) for name in FAULTS if getattr(whole, name)}


def test_what_was_kept_whole_has_held_and_who_went_away_may_find_it_or_not():
    tallies = reckon(WRITES, KEPT, TRAIL)
    assert all(tally.held for tally in tallies.values())
    assert (tallies["move"].acknowledged, tallies["move"].refused) == (1, 1)
    assert (tallies["upload"].acknowledged, tallies["upload"].unknown) == (0, 2)


@pytest.mark.parametrize(
    ("kept", "trail", "said"),
    [
        (KEPT[1:], TRAIL, {"lost": 1}),
        (KEPT[1:], TRAIL[1:], {"lost": 1, "untold": 1}),
        ([*KEPT, KEPT[0]], TRAIL, {"doubled": 1}),
        ([*KEPT, KEPT[3]], TRAIL, {"doubled": 1}),
        ([replace(KEPT[0], said="leader"), *KEPT[1:]], TRAIL, {"altered": 1}),
        ([*KEPT[:3], replace(KEPT[3], said="sha1 8")], TRAIL, {"altered": 1}),
        ([*KEPT, Kept("move", "m2", "gazelle")], TRAIL, {"phantom": 1}),
        ([*KEPT, Kept("move", "nobody's", "gazelle")], TRAIL, {"phantom": 1}),
        (KEPT, TRAIL[1:], {"untold": 1}),
        (KEPT, TRAIL[:-1], {"untold": 1}),
        (KEPT, [*TRAIL, TRAIL[0]], {"overtold": 1}),
        (KEPT, [*TRAIL, ("move", "b>c")], {"overtold": 1}),
        (KEPT, [*TRAIL, ("upload", "file sha2")], {"overtold": 1}),
        (KEPT, [*TRAIL, ("save", "filled f 3")], {"overtold": 1}),
    ],
)
def test_each_thing_that_must_not_be_is_found_and_called_by_its_name(kept, trail, said):
    assert faults(kept=kept, trail=trail) == said


def test_a_value_that_a_later_write_replaced_is_not_held_against_the_first():
    assert faults(kept=[*KEPT[:1], Kept("save", "f/1", "whatever"), *KEPT[2:]]) == {}


def test_the_journal_knows_of_a_write_before_its_answer_and_measures_from_a_return_to_the_next_success(tmp_path):
    journal = Journal(tmp_path / "journal")
    write = journal.sent(Write("move", "m1", "eaglet", ()), "k1")
    assert b'"m1"' in (tmp_path / "journal").read_bytes()
    journal.came_back("db")
    journal.answered(write, "k1", REFUSED, 409)
    assert journal.gaps == {}
    journal.answered(write, "k1", DONE, 201)
    journal.answered(write, "k1", DONE, 201)
    assert (list(journal.gaps), len(journal.gaps["db"]), journal.done) == (["db"], 1, 1)
    journal.close()
