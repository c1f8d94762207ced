"""What stays readable of what is held of persons, and that the list of it is whole."""

import re
import uuid

import pytest

from app.access.personal import READABLE, hidden_from, shown
from app.access.terms import PERMISSIONS, SYSTEM, Permission, Role, Viewer
from app.firms.erasing import SENDING, kept_in
from app.firms.holding import _ROWS
from app.models import Base
from app.personal.masking import mask, mask_keys
from app.personal.terms import DOERS, HELD, RULES, Kind


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        (Kind.PHONE, "13800001234", "138****1234"),
        (Kind.PHONE, "0750-2212345", "075*****2345"),
        (Kind.PHONE, "1234567890", "123***7890"),
        (Kind.PHONE, "123456789", "*******89"),
        (Kind.PHONE, "12345", "***45"),
        (Kind.PHONE, "1", "1"),
        (Kind.PHONE, "", ""),
        (Kind.EMAIL, "wang@example.com", "w***@example.com"),
        (Kind.EMAIL, "@", "***@"),
        (Kind.EMAIL, "nowhere", "***"),
        (Kind.NAME, "王", "王*"),
        (Kind.NAME, "欧阳锋", "欧**"),
        (Kind.TRACE, "10.0.0.7", "10.0.0.7"),
    ],
)
def test_what_stays_readable(kind, value, masked):
    assert mask(kind, value) == masked


def test_a_records_image_is_masked_however_deep_it_lies():
    image = {"phone": "13800001234", "n": 1, "asked": {"email": "a@b.cn", "name": "王"}, "contacts": ["王一", "李二"]}
    told = mask_keys(image, {Kind.PHONE, Kind.EMAIL, Kind.NAME})
    assert told == {
        "phone": "138****1234",
        "n": 1,
        "asked": {"email": "a***@b.cn", "name": "王"},
        "contacts": ["王*", "李*"],
    }
    assert mask_keys(image, set()) == image


def test_who_may_ask_for_a_number_with_a_reason_is_who_sees_it_masked_and_not_the_administrator():
    asks = {role for role in Role if Permission.CONTACT_REVEAL in PERMISSIONS[role]}
    masked = {role for role in Role if Kind.PHONE not in READABLE[role]}
    assert asks == masked - {Role.ADMIN} == {Role.MANAGER, Role.AUDITOR}
    assert hidden_from(SYSTEM.viewer) == frozenset()


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reads_what_the_one_table_says(role):
    viewer = Viewer(uuid.UUID(int=1), "w", "王", role, "440783")
    assert (shown(viewer, Kind.PHONE, "13800001234") == "13800001234") == (Kind.PHONE in READABLE[role])


# Columns whose name sounds like how a person is reached or traced, and that hold neither.
NOT_OF_PERSONS = {"bureaus.phone", "digest_sendings.by_mail", "digest_subscriptions.by_mail"}
SOUNDS = re.compile(r"phone|mail|mobile|login|(^|_)ip$|user_agent|contact|id_card|birth")


def test_every_column_that_may_hold_a_person_is_in_the_list_and_the_list_names_only_what_there_is():
    columns = {f"{t.name}.{c.name}" for t in Base.metadata.sorted_tables for c in t.columns}
    listed = {f"{h.table}.{h.column}" for h in HELD}
    assert listed <= columns
    sounding = {c for c in columns if SOUNDS.search(c.partition(".")[2])}
    assert sorted(sounding - listed - NOT_OF_PERSONS) == []
    assert {c.partition(".")[2] for c in columns} >= DOERS
    assert {h.purpose for h in HELD} == RULES.keys()


def test_every_place_of_a_number_or_an_address_can_be_shown_row_by_row():
    reached = {held.table for kind in (Kind.PHONE, Kind.EMAIL) for held in kept_in(kind)} | {SENDING.table}
    assert reached == set(_ROWS)
