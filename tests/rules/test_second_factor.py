"""One-time codes against the figures of RFC 6238, and what a wrong or a used one is worth."""

import base64
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from app.access.factor_rules import (
    FREE_TRIES,
    STEP,
    address_of,
    code_wait,
    grouped,
    is_recovery,
    new_recovery_codes,
    new_secret,
    read_code,
    recovery_hash,
    step_of,
)
from app.vault import Unreadable, Vault

SECRET = base64.b32encode(b"12345678901234567890").decode()
AT = datetime.fromtimestamp(1111111109, UTC)
NOW = 1111111109 // STEP


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_the_standard(seconds, code):
    """RFC 6238, appendix B, SHA1, the last six of its eight digits."""
    assert step_of(SECRET, code, at=datetime.fromtimestamp(seconds, UTC), after=0) == seconds // STEP


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step_either_way(steps, taken):
    assert (step_of(SECRET, "081804", at=AT + timedelta(seconds=STEP * steps), after=0) is not None) is taken


@pytest.mark.parametrize(("after", "taken"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_a_code_counts_once_and_none_before_it_any_more(after, taken):
    assert (step_of(SECRET, "081804", at=AT, after=after) is not None) is taken


@pytest.mark.parametrize("typed", ["", "81804", "0818040", "08180a", "²81804"])
def test_what_is_no_code_is_none(typed):
    assert step_of(SECRET, read_code(typed), at=AT, after=0) is None


@pytest.mark.parametrize("typed", ["081 804", " 081804 ", "０８１８０４", "081-804"])
def test_a_code_is_read_as_people_type_it(typed):
    assert read_code(typed) == "081804"


def test_recovery_codes_are_eighty_bits_each_and_read_however_they_are_grouped():
    codes = new_recovery_codes()
    assert len(set(codes)) == len(codes) == 10
    assert all(is_recovery(read_code(grouped(code).lower())) for code in codes)
    one, other = uuid.uuid4(), uuid.uuid4()
    assert recovery_hash(one, codes[0]) != recovery_hash(other, codes[0])


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [(0, 0), (FREE_TRIES - 1, 0), (FREE_TRIES, 60), (FREE_TRIES + 1, 120), (FREE_TRIES + 6, 3600), (10**6, 3600)],
)
def test_wrong_codes_wait_longer_and_longer_up_to_an_hour(wrong, seconds):
    assert code_wait(wrong, AT, at=AT) == seconds
    assert code_wait(wrong, AT, at=AT + timedelta(seconds=seconds)) == 0
    if seconds:
        assert code_wait(wrong, AT, at=AT + timedelta(seconds=seconds - 1)) == 1


def test_the_address_is_one_that_authenticators_read():
    secret = new_secret()
    assert len(base64.b32decode(secret)) >= 20
    address = address_of(secret, "officer")
    assert address.startswith("otpauth://totp/")
    assert f"secret={secret}" in address
    assert address.isascii()


OLD, NEW = "o" * 40, "n" * 40


def test_what_is_sealed_is_opened_by_its_key_only_and_only_where_it_belongs():
    vault = Vault([OLD])
    sealed = vault.seal(b"secret", about="row 1")
    assert b"secret" not in sealed
    assert sealed != vault.seal(b"secret", about="row 1")
    assert vault.open(sealed, about="row 1") == b"secret"
    for other, about, value in [
        (vault, "row 2", sealed),
        (Vault([NEW]), "row 1", sealed),
        (vault, "row 1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (vault, "row 1", b""),
        (vault, "row 1", sealed[:10]),
    ]:
        with pytest.raises(Unreadable):
            other.open(value, about=about)


def test_a_new_key_in_front_seals_and_the_old_one_still_opens():
    old, both = Vault([OLD]), Vault([NEW, OLD])
    sealed = old.seal(b"x", about="a")
    assert both.open(sealed, about="a") == b"x"
    assert not both.is_current(sealed)
    anew = both.seal(b"x", about="a")
    assert both.is_current(anew)
    assert Vault([NEW]).open(anew, about="a") == b"x"
