"""What is sealed says nothing to whoever has the table, and means nothing in another place of it."""

import pickle
import uuid
from urllib.parse import parse_qsl, urlencode

import pytest

from app.personal.masking import without_numbers
from app.sealed import (
    UNREADABLE,
    anew,
    asked_marks,
    each_within,
    is_number,
    marks_in,
    marks_of,
    place_of,
    seal,
    shown,
    unseal,
    whole_marks,
)
from app.text import normalise, numbers_in
from app.text.clean import excerpt, printable
from app.vault import Unreadable, Vault

OLD, NEW = "o" * 40, "n" * 40
ROW, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
PHONE, EMAIL = "139-8765-4321", "Wang@example.com"
vault = Vault([OLD])


@pytest.mark.parametrize(
    "value", [PHONE, EMAIL, "0750-2212345转801", "13900000001、0750-2212345", "未填", "sealed:x", "🙂"]
)
def test_a_value_comes_back_as_it_was_and_nothing_of_it_is_in_what_is_kept(value):
    sealed = seal(vault, "contacts.phone", ROW, value)
    assert unseal(vault, sealed, column="contacts.phone", row=ROW) == value
    assert not any(part in sealed.replace("sealed:", "", 1) for part in (value, "8765", "4321", "example", "221234"))
    assert "\n" not in sealed
    assert '"' not in sealed


def test_nothing_stays_nothing():
    assert seal(vault, "contacts.phone", ROW, "") == ""
    assert unseal(vault, "", column="contacts.phone", row=ROW) == ""


@pytest.mark.parametrize(("column", "row"), [("contacts.phone", OTHER), ("contacts.email", ROW), ("users.email", ROW)])
def test_moved_to_another_row_or_column_it_is_not_opened_and_said_so(column, row):
    sealed = seal(vault, "contacts.phone", ROW, PHONE)
    with pytest.raises(Unreadable):
        unseal(vault, sealed, column=column, row=row)
    assert shown(vault, sealed, column=column, row=row) == UNREADABLE
    # Not even when the place it claims is rewritten to where it was moved.
    claimed = sealed.replace(f"contacts.phone:{ROW}", f"{column}:{row}")
    assert shown(vault, claimed, column=column, row=row) == UNREADABLE


@pytest.mark.parametrize("broken", ["plain", "sealed:", "sealed:00000000:contacts.phone:x::QUJD", "x" * 300, PHONE])
def test_what_was_never_sealed_is_not_taken_for_a_value(broken):
    assert shown(vault, broken, column="contacts.phone", row=ROW) == UNREADABLE


def test_a_copy_says_where_it_is_from_and_opens_there():
    sealed = seal(vault, "contacts.email", ROW, EMAIL)
    assert place_of(sealed) == ("contacts.email", str(ROW))
    assert unseal(vault, sealed) == EMAIL


def test_the_same_number_is_found_however_it_is_written_and_another_is_not():
    ways = (
        "13987654321",
        "139-8765-4321",
        "139 8765 4321",
        "+8613987654321",
        "0086 139 8765 4321",
        "１３９８７６５４３２１",
    )
    assert len({whole_marks(vault, way)[0] for way in ways}) == 1
    assert whole_marks(vault, "13987654322") != whole_marks(vault, "13987654321")
    assert whole_marks(vault, "WANG@example.com") == whole_marks(vault, EMAIL)
    assert whole_marks(Vault([NEW]), PHONE) != whole_marks(vault, PHONE), "marks are keyed"
    assert numbers_in("8613987654321") == ["13987654321"]
    assert numbers_in("861398765432") == ["861398765432"], "too short to have a prefix"


def test_of_several_numbers_each_is_found_and_each_by_its_last_digits():
    marks = set(marks_in(seal(vault, "contacts.phone", ROW, "13900000001、0750-2212345")))
    for asked in ("13900000001", "0750-2212345", "0001", "2345", "221 2345", "00000001"):
        assert is_number(asked)
        assert marks & set(asked_marks(vault, asked))
    for asked in ("3900000001", "12345", "390", "0750"):
        assert not is_number(asked) or not marks & set(asked_marks(vault, asked))


@pytest.mark.parametrize("asked", ["", "432", "长兴", "a4321", "1234、5678", "12号"])
def test_what_is_no_number_is_not_looked_for_as_one(asked):
    assert not is_number(asked)


def test_a_mail_address_is_not_found_by_the_figures_in_it():
    assert set(marks_of(vault, "4321@example.com")).isdisjoint(asked_marks(vault, "4321"))


def test_with_two_keys_old_and_new_are_read_and_found_and_anew_is_the_first():
    both, new = Vault([NEW, OLD]), Vault([NEW])
    old = seal(vault, "contacts.phone", ROW, PHONE)
    assert unseal(both, old) == PHONE
    assert marks_in(old)[0] in whole_marks(both, "13987654321")
    fresh = anew(both, old)
    assert fresh.startswith(f"sealed:{new.name}:contacts.phone:{ROW}:")
    assert unseal(new, fresh, column="contacts.phone", row=ROW) == PHONE
    assert marks_in(fresh)[0] == whole_marks(new, "13987654321")[0]
    with pytest.raises(Unreadable):
        anew(new, old)


def test_a_record_is_sealed_anew_however_deep_it_lies_and_what_only_looks_sealed_stays():
    sealed, both = seal(vault, "contacts.phone", ROW, PHONE), Vault([NEW, OLD])
    record = {
        "n": 1,
        "image": {"contacts": f'[{{"phone": "{sealed}"}}]'},
        "rows": [sealed, "sealed:typed by hand", None],
    }
    fresh = each_within(record, lambda text: anew(both, text))
    assert fresh["n"] == 1
    assert fresh["image"]["contacts"] == f'[{{"phone": "{anew(both, sealed)}"}}]'
    assert fresh["rows"] == [anew(both, sealed), "sealed:typed by hand", None]


def test_the_same_again_is_the_same_text_and_another_value_shares_no_nonce():
    one, again = (seal(vault, "contacts.phone", ROW, PHONE) for _ in range(2))
    assert one == again
    ends = {seal(vault, "contacts.phone", row, value).rsplit(":", 1)[1][:20] for row in (ROW, OTHER) for value in "ab"}
    assert len(ends) == 4


def test_a_vault_travels_to_another_process():
    assert unseal(pickle.loads(pickle.dumps(vault)), seal(vault, "contacts.phone", ROW, PHONE)) == PHONE


def test_the_trail_says_that_a_number_was_given_and_not_which():
    image = {"phone": PHONE, "asked": [{"email": EMAIL, "name": "王"}], "contact_phone": "", "n": 2}
    assert without_numbers(image) == {
        "phone": "***",
        "asked": [{"email": "***", "name": "王"}],
        "contact_phone": "",
        "n": 2,
    }


@pytest.mark.parametrize(
    ("sought", "kept"),
    [
        (PHONE, "***"),
        ("王 139 8765 4321", "王 ***"),
        ("0750-2212345、李", "***、李"),
        ("查 wang@example.com", "查 ***"),
        ("2212345", "***"),
        ("221234", "221234"),
        ("4321", "4321"),
        ("91440783MA5312345X", "91440783MA5312345X"),
        ("123456789012345678", "123456789012345678"),
        ("机械 2026", "机械 2026"),
    ],
)
def test_the_trail_keeps_no_number_that_was_looked_for_and_no_other_search_is_touched(sought, kept):
    query = urlencode({"tier": "hnte", "q": sought, "stale": "1"})
    image = {"filter": {"q": sought, "tier": "hnte"}, "query": query, "n": 0, "q": ""}
    said = without_numbers(image)
    assert said["filter"] == {"q": kept, "tier": "hnte"}
    assert dict(parse_qsl(said["query"])) == {"tier": "hnte", "q": kept, "stale": "1"}
    assert (said["n"], said["q"]) == (0, "")
    assert (said["query"] == query) is (sought == kept)


@pytest.mark.parametrize(
    "typed",
    ["sealed:0badcafe:contacts.phone:x::QUJD", "ｓｅａｌｅｄ:0badcafe:a:b::c", "备注 sea\u200bled:0badcafe:a:b::c"],
)
def test_what_somebody_types_never_has_the_form_of_what_the_house_seals(typed):
    for door in (normalise, printable, excerpt):
        door_said = door(typed if door is normalise else typed.replace("\u200b", ""))
        assert each_within({"said": door_said}, lambda _: "taken for one") == {"said": door_said}
    assert normalise("sealed: 漆封；sealed:x") == "sealed: 漆封；sealed:x"


def test_in_a_sentence_each_number_and_address_is_found_however_it_is_written():
    said = seal(vault, "entry_applications.contact", ROW, "黄工 139-8765-4321 转 8，或 0750 2212345，Wang@example.com")
    for asked in ("13987654321", "+86 139 8765 4321", "0750-2212345", EMAIL):
        assert set(whole_marks(vault, asked)) & set(marks_in(said)), asked
    assert not set(whole_marks(vault, "13987654322")) & set(marks_in(said))
    assert marks_in(seal(vault, "entry_applications.contact", ROW, "2 号楼黄工")) == []
