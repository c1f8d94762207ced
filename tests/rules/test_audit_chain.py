"""What a seal says, and the first thing in which a trail differs from it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from app.audit.rules import BEGINNING, Entry, Fault, Seal, first_difference, hash_of, packed
from app.config import Settings
from tests.harness import NOON

ENTRIES = [Entry(n, bytes([n]) * 32) for n in (3, 4, 7)]


def seal(**changed):
    digests = packed(ENTRIES)
    hashed = hash_of(1, at=NOON, through=8, digests=digests, former=BEGINNING)
    return replace(Seal(1, NOON, 8, 3, digests, BEGINNING, hashed), **changed)


def test_a_seal_gives_back_what_was_put_into_it():
    assert seal().right
    assert seal().entries == ENTRIES
    assert seal().head == f"1:{seal().hash.hex()}"


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 2},
        {"sealed_at": NOON + timedelta(microseconds=1)},
        {"through": 9},
        {"digests": packed(ENTRIES[:2])},
        {"former": bytes([1]) * 32},
        {"hash": BEGINNING},
    ],
)
def test_whatever_is_changed_in_a_seal_it_is_no_longer_right(changed):
    assert not seal(**changed).right


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (ENTRIES, None),
        (ENTRIES[1:], (Fault.MISSING, 3)),
        (ENTRIES[:2], (Fault.MISSING, 7)),
        ([*ENTRIES, Entry(8, bytes(32))], (Fault.INSERTED, 8)),
        ([Entry(1, bytes(32)), *ENTRIES], (Fault.INSERTED, 1)),
        ([ENTRIES[0], Entry(4, bytes(32)), ENTRIES[2]], (Fault.ALTERED, 4)),
        ([Entry(3, ENTRIES[1].digest), Entry(4, ENTRIES[0].digest), ENTRIES[2]], (Fault.ALTERED, 3)),
        ([ENTRIES[0], Entry(5, ENTRIES[1].digest), ENTRIES[2]], (Fault.MISSING, 4)),
    ],
)
def test_the_first_number_of_which_trail_and_seal_disagree_is_named(found, first):
    assert first_difference(ENTRIES, found) == first


@pytest.mark.parametrize(("days", "taken"), [(0, True), (1, False), (183, False), (184, True), (730, True)])
def test_the_trail_is_kept_for_ever_or_for_184_days_at_least(days, taken):
    if taken:
        assert Settings(audit_days=days).audit_days == days
        return
    with pytest.raises(ValidationError):
        Settings(audit_days=days)
