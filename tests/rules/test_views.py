"""Views of the list: what an address asks of its reader, whose division lies in whose, what a name is."""

import uuid
from urllib.parse import parse_qsl

import pytest

from app.access.terms import Permission, Role, Viewer
from app.errors import Forbidden, Invalid
from app.text import TextError
from app.views.rules import asked_by, divisions_above, may_open, may_remove, named
from app.views.terms import EVERY_FIRM, LONGEST_NAME, SavedList
from app.web.view_input import read_query

OFFICER = Viewer(uuid.uuid4(), "officer", "王专员", Role.OFFICER, "440783")
ADMIN = Viewer(uuid.uuid4(), "admin", "管理员", Role.ADMIN, "440783")


def view(query: str, *, mine: bool = False, scope: str = "440783") -> SavedList:
    return SavedList(uuid.uuid4(), "视图", query, bool(scope), mine, "李专员", scope, 1)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (EVERY_FIRM, set()),
        ("tier=hnte&sort=-tier_since", set()),
        ("tag=%E9%87%8D%E7%82%B9", {Permission.FIRM_INTERNAL}),
        ("overridden=1", {Permission.FIRM_INTERNAL}),
        ("sort=-next_touch", {Permission.FIRM_INTERNAL}),
        ("touch_by=2026-12-01", {Permission.FIRM_INTERNAL}),
        ("policy=hnte&near=1&sort=next_touch", {Permission.FIRM_INTERNAL, Permission.ASSESSMENT_READ}),
    ],
)
def test_an_address_asks_its_reader_for_what_the_list_will_ask(query, asked):
    assert asked_by(query) == asked
    assert may_open(view(query), OFFICER)
    assert may_open(view(query), ADMIN) is not bool(asked)


def test_what_is_shared_in_a_division_is_shared_with_all_below_it_and_with_none_above_or_beside():
    town = divisions_above("440783117")
    assert {"44", "4407", "440783", "440783117"} <= set(town)
    assert "440783115" not in town
    assert "440783117" not in divisions_above("440783")
    assert divisions_above("") == divisions_above("²²") == []


def test_an_administrator_removes_what_is_shared_in_their_own_division_only():
    assert may_remove(view(EVERY_FIRM, mine=True, scope=""), OFFICER)
    assert not may_remove(view(EVERY_FIRM), OFFICER)
    assert may_remove(view(EVERY_FIRM), ADMIN)
    assert not may_remove(view(EVERY_FIRM, scope="4407"), ADMIN)


def test_names_are_told_apart_by_their_letters_alone():
    assert named(" 高企　２０２６ ") == ("高企 2026", "高企2026")
    assert named("高企-2026")[1] == named("高企 2026")[1]
    assert named("长" * LONGEST_NAME)[0] == "长" * LONGEST_NAME
    for wrong in ("", " 　", "……", "长" * (LONGEST_NAME + 1), "a\x00"):
        with pytest.raises(TextError):
            named(wrong)


def test_one_list_is_written_in_one_way_whatever_the_address_carried():
    assert read_query("?q=&tier=&status=active&stale=&sort=-updated&cursor=abc", OFFICER) == EVERY_FIRM
    assert read_query("sort=name&tier=hnte&stale=on", OFFICER) == read_query("stale=1&tier=hnte&sort=name", OFFICER)
    assert dict(parse_qsl(read_query("q=卫浴&sort=relevance", OFFICER))) == {"q": "卫浴"}
    assert dict(parse_qsl(read_query("q=卫浴&sort=-updated", OFFICER))) == {"q": "卫浴", "sort": "-updated"}


def test_nobody_saves_what_they_may_not_ask_and_no_endless_address():
    with pytest.raises(Forbidden):
        read_query("tag=重点", ADMIN)
    with pytest.raises(Invalid):
        read_query("&".join(f"a{n}=1" for n in range(41)), OFFICER)
