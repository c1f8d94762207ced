"""Without any filter, the site's own database role is shown what its viewer may see, and to nobody nothing."""

import uuid
from argparse import Namespace

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

import app.models  # noqa: F401
from app.access.sight import beyond_sight, hidden_tables, look_for
from app.access.terms import Role, Viewer
from app.commands.context import CommandError
from app.commands.exchange import run_export
from app.commands.keys import run_reseal
from app.commands.personal import run_find
from app.commands.worker import must_see_everything
from app.db import Base, Database
from app.looking import SITE_PATH
from tests.factories import COUNTY, TOWN

# Bear a firm, and are read by everybody all the same.
FREE = {
    "users": "an account says which firm it is for: signing in reads it before anybody is somebody",
    "changed_firms": "ids that wait to be assessed again, written by triggers whoever acts",
}
# What a table's row belongs to, as its owner finds it. `$firms` and `$carriers` are those in a viewer's sight.
_BY_FIRM = "firm_id IN ($firms)"
_STAY = "carrier_id IN ($carriers) OR firm_id IN ($firms)"
_LINKED = "team_id IN (SELECT id FROM carrier_teams WHERE firm_id IN ($firms))"
_CODE = "uscc IN (SELECT uscc FROM firms WHERE id IN ($firms))"
_TENANCY = f"{_STAY} OR {_LINKED}"
_ANSWER = f"round_id IN (SELECT id FROM collection_rounds WHERE carrier_id IN ($carriers)) OR {_BY_FIRM} OR {_LINKED}"
_OF_NOBODY = f"firm_id IS NULL AND $bureau OR {_BY_FIRM}"
SPECIAL = {
    "firms": "id IN ($firms)",
    "firm_merges": "kept_id IN ($firms)",
    "firms_told_apart": "one_id IN ($firms) AND other_id IN ($firms)",
    "channel_choices": f"user_id IS NOT NULL OR {_BY_FIRM}",
    "platforms": f"region_code LIKE $division OR firm_id IS NULL OR {_BY_FIRM}",
    "reminders": _OF_NOBODY,
    "import_rows": f"{_OF_NOBODY} OR batch_id IN (SELECT id FROM import_batches WHERE carrier_id IN ($carriers))",
    "tenancies": _TENANCY,
    "carrier_logs": _TENANCY,
    **dict.fromkeys(("entry_applications", "stay_disagreements"), _STAY),
    "tenancy_proposals": f"carrier_id IN ($carriers) OR {_CODE}",
    "carrier_teams": f"{_STAY} OR id IN (SELECT team_id FROM tenancy_proposals WHERE {_CODE})",
    "collection_answers": _ANSWER,
}
# Its parent says whose a row is, by this column.
BY_PARENT = {
    "collection_versions": ("answer_id", "collection_answers"),
    "tenancy_events": ("tenancy_id", "tenancies"),
    "graduate_words": ("tenancy_id", "tenancies"),
    **{t: ("submission_id", "submissions") for t in ("submission_rounds", "submission_sections", "section_editors")},
    "firm_plan_steps": ("plan_id", "firm_plans"),
    "need_follow_ups": ("need_id", "firm_needs"),
    "application_events": ("application_id", "applications"),
}


def bearing() -> set[str]:
    """Every table with a firm's id, or with the id of a row that has one."""
    tables = Base.metadata.tables
    found = {name for name, t in tables.items() if name == "firms" or "firm_id" in t.c}
    grown = set[str]()
    while grown != found:
        grown = set(found)
        parents = found - FREE.keys()
        found |= {n for n, t in tables.items() if any(k.column.table.name in parents for k in t.foreign_keys)}
    return found


async def test_every_table_that_bears_a_firm_is_bounded_or_says_why_not(conn):
    bounded = set((await conn.execute(text("SELECT relname FROM pg_class WHERE relrowsecurity"))).scalars())
    assert bearing() - FREE.keys() <= bounded
    assert not FREE.keys() & bounded


def _whose(table: str) -> str:
    if table in BY_PARENT:
        column, parent = BY_PARENT[table]
        return f"{column} IN (SELECT id FROM {parent} WHERE {_whose(parent)})"
    return SPECIAL.get(table, _BY_FIRM)


def _in_sight(viewer: Viewer) -> dict[str, str]:
    """As SQL for the tables' owner."""
    division, carriers, firms = "''", "SELECT NULL::uuid", "SELECT NULL::uuid"
    if viewer.role is Role.FIRM:
        firms = f"SELECT '{viewer.firm_id}'::uuid"
    elif viewer.role is Role.CARRIER:
        carriers = f"SELECT '{viewer.carrier_id}'::uuid"
        inside = ("tenancies", "carrier_teams", "entry_applications", "carrier_logs")
        firms = " UNION ".join(f"SELECT firm_id FROM {t} WHERE carrier_id IN ({carriers})" for t in inside)
    elif viewer.scope:
        division = f"'{viewer.scope}%'"
        carriers = f"SELECT id FROM carriers WHERE region_code LIKE {division}"
        inside = ("tenancies", "carrier_teams")
        housed = " UNION ".join(f"SELECT firm_id FROM {t} WHERE carrier_id IN ({carriers})" for t in inside)
        firms = f"SELECT id FROM firms WHERE region_code LIKE {division} UNION {housed}"
    # A NULL among them would make nothing known.
    firms = f"SELECT * FROM ({firms}) f(id) WHERE id IS NOT NULL"
    return {
        "$division": division,
        "$carriers": carriers,
        "$firms": firms,
        "$bureau": "true" if division != "''" else "false",
    }


async def _rows(conn, table: str, condition: str = "true") -> set[str]:
    found = await conn.execute(text(f"SELECT ctid::text FROM public.{table} WHERE {condition}"))
    return set(found.scalars())


@pytest.fixture
async def site(county, cluster):
    """The demo county, looked at in the site's role."""

    async def become(viewer: Viewer | None) -> None:
        await county.execute(text(f"SET LOCAL ROLE {cluster.name('web')}"))
        await look_for(county, viewer or Viewer(uuid.uuid4(), "x", "x", Role.OFFICER))

    return county, become


WHO = ("nobody", "firm", "carrier", "town", "county", "beyond")


@pytest.mark.parametrize("who", WHO)
async def test_a_bare_select_shows_what_is_in_sight_and_no_more(site, who):
    conn, become = site
    one = (
        await conn.execute(text("SELECT firm_id, carrier_id FROM tenancies WHERE firm_id IS NOT NULL LIMIT 1"))
    ).one()
    if who == "beyond":  # a firm that has moved away: the county's officers do not see everything any longer
        await conn.execute(
            text("INSERT INTO regions (code, name, kind, parent) VALUES ('440784', '鹤山市', 'county', '440700')")
        )
        away = "SELECT id FROM firms WHERE id NOT IN (SELECT firm_id FROM tenancies WHERE firm_id IS NOT NULL) LIMIT 1"
        await conn.execute(text(f"UPDATE firms SET region_code = '440784' WHERE id = ({away})"))
    scope = {"town": TOWN, "county": COUNTY, "beyond": COUNTY}.get(who, "")
    role = Role(who) if who in ("firm", "carrier") else Role.OFFICER
    viewer = Viewer(uuid.uuid4(), who, who, role, scope=scope, firm_id=one.firm_id, carrier_id=one.carrier_id)
    bounds = _in_sight(viewer)
    expected = {}
    for table in sorted((bearing() | BY_PARENT.keys()) - FREE.keys()):
        condition = _whose(table)
        for name, sql in bounds.items():
            condition = condition.replace(name, sql)
        expected[table] = await _rows(conn, table, condition)
    every = {table: await _rows(conn, table) for table in expected}
    await become(viewer)
    assert {table: await _rows(conn, table) for table in expected} == expected
    through_view = (await conn.execute(text("SELECT count(*) FROM sight.firms"))).scalar_one()
    assert through_view == len(expected["firms"])
    shown = {table for table, rows in expected.items() if rows}
    always = {"channel_choices", "platforms"} & shown  # a person's own; a public body's
    assert (who == "nobody") == (shown <= always)
    if who == "county":
        assert expected == every
        assert len(shown) >= 20


async def test_what_is_out_of_sight_is_neither_changed_nor_brought_in_nor_taken_away(site):
    conn, become = site
    firm, other = (await conn.execute(text("SELECT id FROM firms ORDER BY id LIMIT 2"))).scalars()
    await become(Viewer(uuid.uuid4(), "x", "x", Role.FIRM, firm_id=firm))
    for statement in (
        "UPDATE public.firms SET remark = 'x'",
        "DELETE FROM public.contacts",
        "UPDATE sight.firms SET park = 'x'",
    ):
        assert (
            await conn.execute(text(f"{statement} WHERE {'firm_id' if 'contacts' in statement else 'id'} = '{other}'"))
        ).rowcount == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        async with conn.begin_nested():
            await conn.execute(text("INSERT INTO firm_tags (firm_id, tag) VALUES (:id, 'x')"), {"id": other})


@pytest.mark.parametrize(("registry", "refusal"), [("sight.firms", "check option"), ("public.firms", "row-level")])
async def test_what_is_written_stays_in_sight_by_the_view_as_by_the_table(site, registry, refusal):
    conn, become = site
    housed = "SELECT firm_id FROM tenancies WHERE firm_id IS NOT NULL"
    query = f"SELECT id, region_code FROM firms WHERE length(region_code) = 9 AND id NOT IN ({housed}) LIMIT 1"
    firm, town = (await conn.execute(text(query))).one()
    other = "SELECT code FROM regions WHERE length(code) = 9 AND code <> :town ORDER BY code LIMIT 1"
    away = (await conn.execute(text(other), {"town": town})).scalar_one()
    write = text(f"UPDATE {registry} SET region_code = :to WHERE id = :firm")
    await become(Viewer(uuid.uuid4(), "x", "x", Role.TOWN, scope=town))
    assert (await conn.execute(write, {"to": town, "firm": firm})).rowcount == 1
    with pytest.raises(DBAPIError, match=refusal):
        async with conn.begin_nested():
            await conn.execute(write, {"to": away, "firm": firm})
    brought = f"INSERT INTO {registry} SELECT (jsonb_populate_record(f, :new)).* FROM {registry} f WHERE id = :firm"
    new = {"id": str(uuid.uuid4()), "uscc": "91440783MA00000000", "region_code": away}
    with pytest.raises(DBAPIError, match=refusal):
        async with conn.begin_nested():
            await conn.execute(text(brought).bindparams(bindparam("new", new, type_=JSONB())), {"firm": firm})
    await become(Viewer(uuid.uuid4(), "x", "x", Role.OFFICER, scope=COUNTY))
    assert (await conn.execute(write, {"to": away, "firm": firm})).rowcount == 1, "who sees both may"


async def test_the_role_owns_no_table_and_cannot_switch_the_policies_off(site):
    conn, become = site
    await become(None)
    owners = await conn.execute(text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"))
    role = (await conn.execute(text("SELECT current_user"))).scalar_one()
    assert role not in set(owners.scalars())
    said = await conn.execute(text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"))
    assert said.one() == (False, False)
    for statement in ("ALTER TABLE firms DISABLE ROW LEVEL SECURITY", "DROP POLICY in_sight ON contacts"):
        with pytest.raises(DBAPIError, match="must be owner"):
            async with conn.begin_nested():
                await conn.execute(text(statement))
    await conn.execute(text("SET LOCAL row_security = off"))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with conn.begin_nested():
            await conn.execute(text("SELECT FROM contacts"))


async def test_whoever_comes_next_on_a_connection_does_not_look_with_the_eyes_of_the_one_before(cluster, worker_url):
    house = Database(cluster.url_as("web", worker_url), pool_size=1, path=SITE_PATH)
    told = text("SELECT current_setting('tidu.since', true), current_setting('tidu.everything', true)")
    officer = Viewer(uuid.uuid4(), "officer", "officer", Role.OFFICER, scope=COUNTY)
    try:
        for way in (house.reading, house.transaction, house.rehearsal):
            async with house.reading() as conn:
                await look_for(conn, officer)
                assert (await conn.execute(told)).one()[0] == COUNTY
            async with way() as conn:
                assert not any((await conn.execute(told)).one())
            async with house.transaction() as conn:
                await look_for(conn, officer)
            async with way() as conn:
                assert not any((await conn.execute(told)).one())
    finally:
        await house.dispose()


async def test_looking_past_the_policies_ends_with_its_block_also_when_it_fails(site):
    conn, become = site
    every = len(await _rows(conn, "firms"))
    await become(None)
    async with beyond_sight(conn):
        assert len(await _rows(conn, "firms")) == every
    with pytest.raises(DBAPIError):
        async with beyond_sight(conn), conn.begin_nested():
            await conn.execute(text("SELECT 1 / 0"))
    with pytest.raises(DBAPIError):
        async with conn.begin_nested(), beyond_sight(conn):
            await conn.execute(text("SELECT 1 / 0"))
    assert await _rows(conn, "firms") == set()


async def test_the_view_of_the_registry_has_the_policys_condition_and_no_barrier(conn):
    query = """
        SELECT pg_get_viewdef(v.oid), p.qual, v.reloptions FROM pg_class v, pg_policies p
        WHERE v.oid = 'sight.firms'::regclass AND (p.tablename, p.policyname) = ('firms', 'in_sight')"""
    shown, policy, options = (await conn.execute(text(query))).one()
    said = "".join(shown.partition("WHERE")[2].rstrip(";").split())
    assert said.replace("firms.", "") in ("".join(policy.split()), f"({''.join(policy.split())})")
    assert options == ["check_option=cascaded"]
    columns = text(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'firms' AND table_schema = :s"
    )
    view, table = [set((await conn.execute(columns, {"s": s})).scalars()) for s in ("sight", "public")]
    assert view == table


async def test_a_worker_that_was_not_granted_a_bounded_table_is_told_and_does_not_start(conn, cluster, worker_url):
    assert await hidden_tables(conn) == []  # the owner
    await conn.execute(text(f"SET LOCAL ROLE {cluster.name('worker')}"))
    assert await hidden_tables(conn) == []
    await conn.execute(text("SET LOCAL ROLE NONE"))
    await conn.execute(text("DROP POLICY worker ON contacts"))
    await conn.execute(text(f"SET LOCAL ROLE {cluster.name('worker')}"))
    assert await hidden_tables(conn) == ["contacts"]
    await must_see_everything(cluster.url_as("worker", worker_url))
    with pytest.raises(CommandError, match="tidu grants"):
        await must_see_everything(cluster.url_as("web", worker_url))


@pytest.mark.parametrize("run", [run_reseal, run_find, run_export], ids=["reseal", "find", "export"])
async def test_a_command_of_a_role_that_is_shown_no_firms_does_not_say_that_there_are_none(
    monkeypatch, cluster, worker_url, tmp_path, run
):
    monkeypatch.setenv("TIDU_DATABASE_URL", cluster.url_as("web", worker_url))
    with pytest.raises(CommandError, match="所有者"):
        await run(Namespace(data=tmp_path, value="13800138000", output=tmp_path / "out.csv", tier="", region=""))
