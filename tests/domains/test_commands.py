"""The command line as scripts rely on it, against a real database.

That it reads its standard input, writes to two outputs and leaves with a code is seen of processes of its own; what
else a command says and does, of the same entry point within this process, which is ten times as fast.
"""

import asyncio
import io
import json
import os
import re
import subprocess
import sys

import pytest
from sqlalchemy import select

from app.access.passwords import verify
from app.access.queries import signed_in_by_bearer, user_by_login
from app.cli import main
from app.clock import SystemClock
from app.commands import COMMANDS
from app.firms.models import Firm
from tests import factories, houses

pytestmark = pytest.mark.db_commit
GOOD_CODE, PASSWORD = "91440783MA4W0A1B2X", "Dengtai-3-zhengchang"


@pytest.fixture
def tidu(fresh_url, tmp_path):
    return runner(fresh_url, tmp_path)


def runner(url, folder):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDU_")}
    environment |= {"TIDU_DATABASE_URL": url, "TIDU_DATA": str(folder / "data"), "TIDU_CHEAP_PASSWORDS": "1"}

    def run(*arguments, stdin=""):
        command = [sys.executable, "-m", "app.cli", *arguments]
        done = subprocess.run(
            command, check=False, input=stdin, capture_output=True, text=True, env=environment, timeout=120
        )
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def within_at(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TIDU_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TIDU_CHEAP_PASSWORDS", "1")

    def at(url):
        def run(*arguments, stdin=""):
            monkeypatch.setenv("TIDU_DATABASE_URL", url)
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
            try:
                code = main(arguments)
            except SystemExit as left:
                code = left.code
            told = capsys.readouterr()
            return subprocess.CompletedProcess(arguments, code, told.out, told.err)

        return run

    return at


@pytest.fixture
def within(within_at, fresh_url):
    return within_at(fresh_url)


@pytest.fixture
def aside(within):
    """The same beside a loop that is running: a command has one of its own."""

    async def run(*arguments):
        return await asyncio.to_thread(within, *arguments)

    return run


def refused(done, word, *, code=1):
    """One sentence on stderr, nothing on stdout."""
    assert (done.returncode, done.stdout) == (code, "")
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_every_command_explains_itself_and_is_found_by_its_word(within):
    told = within("--help").stdout
    assert set(re.findall(r"^    ([a-z-]+) ", told, re.MULTILINE)) == set(COMMANDS)
    for word in COMMANDS:
        shown = within(word, "--help")
        assert shown.returncode == 0
        assert shown.stdout.startswith("用法：tidu ")
        assert not [theirs for theirs in ("options:", "positional", "show this") if theirs in shown.stdout]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("fly",),
        ("uscc",),
        ("user",),
        ("user", "add", "somebody"),
        ("user", "add", "somebody", "--role", "king"),
        ("user", "add", "somebody", "--role", "town"),
        ("user", "add", "somebody", "--role", "officer", "--scope", "440783", "--firm", GOOD_CODE),
        ("user", "add", "somebody", "--role", "officer", "--scope", "440783", "--carrier", "某孵化器"),
        ("user", "add", "somebody", "--role", "admin", "--password-stdin"),
        ("token",),
        ("token", "somebody", "--days", "0"),
        ("token", "somebody", "--days", "many"),
        ("seed", "/no/such/folder"),
        ("seed", "/"),
        ("synth",),
        ("synth", "--firms", "0"),
        ("synth", "--firms", "5", "--seed", "-1"),
        ("run-job", "fly"),
        ("run-job", "deliver", "--at", "gestern"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence_and_ends_with_two(within, arguments):
    done = within(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    theirs = ("argument", "required", "invalid", "expected", "choose", "No such")
    assert not [word for word in theirs if word in done.stderr]


def test_usage_and_refusals_leave_the_process_with_their_codes(tidu):
    refused(tidu("fly"), "没有“fly”，可用：up、serve、", code=2)
    refused(tidu("token", "nobody"), "没有账号 nobody")


def test_a_code_is_judged_on_one_json_line_each(tidu):
    done = tidu("uscc", "91440783MA4W0A1B2", " 9144 0783 ma4w0a1b2x ")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert set(first) == {"code", "valid", "errors", "warnings"}
    assert first["valid"] is False
    assert second["code"] == GOOD_CODE


async def test_an_account_with_a_password_from_standard_input_signs_in_with_it(tidu, fresh_database):
    done = tidu(
        "user", "add", "li.min", "--role", "officer", "--scope", "440783", "--password-stdin", stdin=f"{PASSWORD}\n"
    )
    assert (done.returncode, done.stdout) == (0, "")
    async with fresh_database.reading() as conn:
        user = await user_by_login(conn, "li.min")
    assert (user["role"], user["scope"], user["must_change_password"]) == ("officer", "440783", False)
    assert await verify(PASSWORD, user["password_hash"], cheap=True)


async def test_without_one_a_password_is_made_printed_alone_and_must_be_changed(aside, fresh_database):
    done = await aside("user", "add", "liang", "--role", "manager", "--scope", "440783", "--name", "梁局长")
    (password,) = done.stdout.splitlines()
    async with fresh_database.reading() as conn:
        user = await user_by_login(conn, "liang")
    assert (user["name"], user["must_change_password"]) == ("梁局长", True)
    assert await verify(password, user["password_hash"], cheap=True)


async def test_a_forgotten_password_is_reset_from_the_terminal(aside, fresh_database):
    await aside("user", "add", "keeper", "--role", "admin")
    (password,) = (await aside("user", "reset", "keeper")).stdout.splitlines()
    async with fresh_database.reading() as conn:
        user = await user_by_login(conn, "keeper")
    assert user["must_change_password"]
    assert user["password_expires_at"] is not None
    assert await verify(password, user["password_hash"], cheap=True)
    unknown = await aside("user", "reset", "nobody")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "没有账号 nobody" in unknown.stderr


async def test_an_account_is_bound_to_the_firm_or_the_carrier_that_it_names(aside, fresh_database):
    async with fresh_database.transaction() as conn:
        code, held = await factories.firm(conn), await houses.carrier(conn)
    assert (await aside("user", "add", "keeper", "--role", "carrier", "--carrier", "示例孵化器")).returncode == 0
    assert (await aside("user", "add", "clerk", "--role", "firm", "--firm", code.lower())).returncode == 0
    async with fresh_database.reading() as conn:
        firm_id = (await conn.execute(select(Firm.id).where(Firm.uscc == code))).scalar_one()
        assert (await user_by_login(conn, "clerk"))["firm_id"] == firm_id
        assert (await user_by_login(conn, "keeper"))["carrier_id"] == held.id


def test_an_account_that_cannot_be_made_says_why(within):
    assert within("user", "add", "once", "--role", "auditor").returncode == 0
    refused(within("user", "add", "once", "--role", "auditor"), "已经有了")
    refused(within("user", "add", "Twice", "--role", "auditor"), "小写字母")
    refused(within("user", "add", "weak", "--role", "admin", "--password-stdin", stdin="short\n"), "至少 12 个字符")


def test_an_account_is_bound_to_no_firm_that_is_not_there(within):
    refused(within("user", "add", "clerk2", "--role", "firm", "--firm", GOOD_CODE), GOOD_CODE)
    refused(within("user", "add", "keeper", "--role", "carrier", "--carrier", "某孵化器"), "某孵化器")


async def test_a_token_is_alone_on_standard_output_and_opens_the_door(aside, fresh_database):
    assert (await aside("user", "add", "bot", "--role", "officer", "--scope", "440783")).returncode == 0
    done = await aside("token", "bot", "--days", "3")
    (token,) = done.stdout.splitlines()
    async with fresh_database.reading() as conn:
        found = await signed_in_by_bearer(conn, token, at=SystemClock().now())
    assert found.viewer.login == "bot"


def test_seeding_twice_changes_nothing(within, tmp_path):
    (tmp_path / "industries.yaml").write_text("- {code: X01, name: 新行业, section: X}\n", "utf-8")
    assert "industries 1 条" in within("seed", str(tmp_path)).stdout
    assert within("seed", str(tmp_path)).stdout == "基础数据没有变化。\n"
    assert within("seed").stdout == "基础数据没有变化。\n"


def test_a_broken_seed_is_told_in_a_sentence(within, tmp_path):
    (tmp_path / "industries.yaml").write_text("- {code: X02, name: 新行业, section: X}\n- 3\n", "utf-8")
    refused(within("seed", str(tmp_path)), "没有载入任何内容")


def test_migrating_builds_an_empty_database_and_twice_changes_nothing(empty_url, within_at, tmp_path):
    tidu, within = runner(empty_url, tmp_path), within_at(empty_url)
    refused(within("seed"), "tidu migrate")
    assert tidu("migrate").returncode == 0
    assert within("migrate").returncode == 0
    assert "regions 19 条" in within("seed").stdout


def test_a_database_that_is_away_is_told_in_a_sentence(within_at):
    refused(within_at("postgresql://nobody@127.0.0.1:9/none")("seed"), "数据库连不上")


def test_without_any_database_the_way_to_one_is_told(within_at):
    refused(within_at("")("seed"), "tidu up")


def test_routes_list_every_address_with_what_it_asks_for(within):
    routes = json.loads(within("routes", "--json").stdout)
    by_address = {(r["method"], r["path"]): r for r in routes}
    board = by_address["GET", "/board"]
    assert board["permissions"] == ["firm:list"]
    assert "officer" in board["roles"]
    assert "carrier" not in board["roles"]
    assert board["public"] is False
    move = by_address["POST", "/api/v1/firms/{uscc}/moves"]
    assert move["roles"] == ["town", "officer"]
    assert by_address["GET", "/sign-in"]["public"] is True
    assert "/sign-in" in within("routes").stdout


def test_a_job_runs_as_if_it_were_then(within):
    done = json.loads(within("run-job", "deliver", "--at", "2026-11-23T08:30:00").stdout)
    assert done["at"] == "2026-11-23T08:30:00+08:00"
    assert {"job", "planned", "created", "skipped", "sent", "failed"} < set(done)


async def test_a_job_that_is_only_rehearsed_leaves_what_it_found(aside, fresh_database):
    async with fresh_database.transaction() as conn:
        officer = await factories.person(conn, "officer")
        await factories.firm_on(conn, "tech_micro", officer_id=officer.id)
    done = json.loads((await aside("run-job", "deliver", "--dry-run")).stdout)
    assert (done["job"], done["planned"], done["sent"]) == ("deliver", 1, 0)
    assert json.loads((await aside("run-job", "deliver")).stdout)["sent"] == 1


@pytest.mark.parametrize("process", ["serve", "worker"])
@pytest.mark.parametrize(("name", "value"), [("TIDU_LOG_FORMAT", "xml"), ("TIDU_POOL_SIZE", "many")])
def test_a_variable_that_makes_no_sense_is_one_sentence_and_nothing_starts(within, monkeypatch, process, name, value):
    monkeypatch.setenv(name, value)
    refused(within(process), name)


def test_a_synthetic_county_comes_from_one_command(within):
    assert "25 家合成企业" in within("synth", "--firms", "25", "--seed", "5").stdout
    refused(within("synth", "--firms", "25", "--seed", "5"), "种子 5")
