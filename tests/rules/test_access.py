from datetime import datetime, timedelta

import pytest

from app.access.breached import is_breached
from app.access.rules import (
    ADDRESS_LIMIT,
    PAIR_LIMIT,
    WINDOW,
    Failure,
    is_worn_out,
    new_token,
    password_faults,
    token_hash,
    wait_seconds,
)
from app.access.sign_in_terms import PasswordProfile
from app.access.terms import PERMISSIONS, Permission, Role
from app.clock import BUSINESS_ZONE

AT = datetime(2026, 11, 23, 12, 0, tzinfo=BUSINESS_ZONE)
ME, HERE = "officer", "10.0.0.1"


def failures(n, *, login=ME, ip=HERE, ago=timedelta(0)):
    return [Failure(AT - ago - timedelta(seconds=n - k), login, ip) for k in range(n)]


def wait(tries, *, login=ME, ip=HERE, at=AT):
    return wait_seconds(tries, login=login, ip=ip, at=at)


@pytest.mark.parametrize(("n", "waits"), [(PAIR_LIMIT - 1, False), (PAIR_LIMIT, True), (PAIR_LIMIT + 1, True)])
def test_the_pair_of_account_and_address_closes_at_its_limit(n, waits):
    assert (wait(failures(n)) > 0) is waits


@pytest.mark.parametrize(("n", "waits"), [(ADDRESS_LIMIT - 1, False), (ADDRESS_LIMIT, True)])
def test_an_address_closes_at_its_own_limit_whichever_accounts_it_tried(n, waits):
    tries = [Failure(AT - timedelta(seconds=k), f"guess{k}", HERE) for k in range(1, n + 1)]
    assert (wait(tries) > 0) is waits


def test_failures_from_elsewhere_close_nobody_out():
    assert wait(failures(100, ip="203.0.113.9")) == 0


@pytest.mark.parametrize(("n", "waits"), [(PAIR_LIMIT - 1, False), (PAIR_LIMIT, True)])
def test_a_device_of_mine_answers_for_its_own_failures_wherever_it_is_and_for_nobody_elses(n, waits):
    mine, others = b"mine", failures(ADDRESS_LIMIT)
    own = [Failure(one.at, ME, f"10.0.1.{k}", mine) for k, one in enumerate(failures(n))]
    assert (wait_seconds(others + own, login=ME, ip=HERE, at=AT, device=mine) > 0) is waits
    assert wait_seconds(others + own, login=ME, ip=HERE, at=AT, device=b"another of mine") == 0
    assert wait_seconds(others + own, login=ME, ip=HERE, at=AT) > 0


def test_failures_of_others_at_my_address_count_only_for_the_address():
    assert wait(failures(PAIR_LIMIT, login="somebody")) == 0


@pytest.mark.parametrize(("ago", "waits"), [(WINDOW - timedelta(seconds=6), True), (WINDOW, False)])
def test_failures_are_forgotten_after_the_window(ago, waits):
    assert (wait(failures(PAIR_LIMIT, ago=ago)) > 0) is waits


def test_the_wait_ends_when_the_oldest_failure_that_counts_is_forgotten():
    tries = failures(PAIR_LIMIT)
    seconds = wait(tries)
    assert wait(tries, at=AT + timedelta(seconds=seconds - 1)) > 0
    assert wait(tries, at=AT + timedelta(seconds=seconds)) == 0


GOOD, MIN_LENGTH = "Lingjie-26-wu", 12


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        (GOOD, 0),
        (GOOD[:MIN_LENGTH], 0),
        (GOOD[: MIN_LENGTH - 1], 1),
        ("xiaoxieshuzi12", 1),
        ("XiaoxieShuzi12", 0),
        ("xiaoxie-shuzi-12", 0),
        ("只有汉字没有别的字符了吧", 1),
        ("汉字加 letters 和 Digits 1", 0),
        ("Aa1-" + "x" * 252, 0),
        ("Aa1-" + "x" * 253, 1),
        ("My-officer-2026", 1),
        ("My-OFFICER-2026", 1),
        ("Abc123-def-ghi", 1),
        ("", 2),
    ],
)
def test_a_password_is_long_mixed_and_not_guessable(password, faults):
    assert len(password_faults(password, login="officer")) == faults


def test_tokens_are_long_different_and_kept_only_as_hashes():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(t) >= 43 for t in tokens)
    assert token_hash("a") != token_hash("b")
    assert len(token_hash("a")) == 32


def test_whoever_reads_the_trail_changes_nothing_and_whoever_runs_the_system_moves_no_firm():
    """三员分立: the three offices stay apart."""
    changing = {
        Permission.FIRM_EDIT,
        Permission.FIRM_IMPORT,
        Permission.MOVE,
        Permission.MOVE_APPROVE,
        Permission.FIRM_NOTE,
    }
    administering = {Permission.USER_ADMIN, Permission.SETTING_ADMIN}
    assert not PERMISSIONS[Role.AUDITOR] & (changing | administering)
    assert not PERMISSIONS[Role.ADMIN] & changing
    for role in (Role.OFFICER, Role.TOWN, Role.MANAGER, Role.FIRM, Role.CARRIER):
        assert not PERMISSIONS[role] & (administering | {Permission.AUDIT_READ})


def test_every_role_may_look_after_its_own_account():
    assert all(Permission.SELF in held for held in PERMISSIONS.values())


@pytest.mark.parametrize(
    ("password", "known"),
    [
        ("dragon", True),
        ("Dragon2026!!", True),
        ("!!dragon--", True),
        ("DRAGON", True),
        ("dragon-and-tiger", False),
        (GOOD, False),
        ("一二三四五六", False),
        ("", False),
    ],
)
def test_a_leaked_password_is_known_with_what_people_put_around_it(password, known):
    assert is_breached(password) is known


@pytest.mark.parametrize(
    ("password", "faults"),
    [("x" * 15, 0), ("x" * 14, 1), ("x" * 256, 0), ("x" * 257, 1), ("我的officer口令就是这样一句长话", 1)],
)
def test_the_other_profile_wants_length_and_no_kinds(password, faults):
    assert len(password_faults(password, login="officer", profile=PasswordProfile.ASVS)) == faults


@pytest.mark.parametrize(
    ("profile", "days", "worn"),
    [
        (PasswordProfile.DENGBAO, 89, False),
        (PasswordProfile.DENGBAO, 90, True),
        (PasswordProfile.ASVS, 9000, False),
    ],
)
def test_a_password_is_worn_out_on_its_last_day_where_there_is_one(profile, days, worn):
    assert is_worn_out(AT - timedelta(days=days), profile=profile, at=AT) is worn
