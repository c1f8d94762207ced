from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from app.clock import BUSINESS_ZONE
from app.errors import Conflict, Invalid, Stale
from app.firms.filtering import visible_to
from app.firms.models import Firm, FormerName
from app.firms.queries import count_firms, firm_by_uscc, list_firms
from app.firms.service import FirmEntry, edit, register
from app.firms.terms import ContactDetails, FirmFilter, Sort
from tests import factories
from tests.factories import COUNTY, OTHER_TOWN, TOWN
from tests.harness import NOON

TODAY = NOON.date()


async def found(conn, q, *, who="officer", **more):
    viewer = (await factories.person(conn, who)).viewer
    sort = more.pop("sort", Sort.RELEVANCE.value)
    page = await list_firms(conn, FirmFilter(q=q, status="all", **more), viewer=viewer, today=TODAY, sort=sort)
    return [row.name for row in page.items]


@pytest.fixture
async def known(conn):
    await factories.firm(conn, "开平市长兴卫浴有限公司", contacts=[ContactDetails("张伟", "13922001234")])
    other = await factories.firm(
        conn, "广东翠山湖精密五金制造有限公司", region=OTHER_TOWN, former_names=["开平县五金二厂"], park="翠山湖"
    )
    number = await factories.certificate(conn, other, number="GR202444001234")
    return other, number


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("卫浴", "开平市长兴卫浴有限公司"),
        ("长兴卫浴", "开平市长兴卫浴有限公司"),
        ("长兴 卫浴", "开平市长兴卫浴有限公司"),
        ("kpscx", "开平市长兴卫浴有限公司"),
        ("KPSCX", "开平市长兴卫浴有限公司"),
        ("张伟", "开平市长兴卫浴有限公司"),
        ("13922001234", "开平市长兴卫浴有限公司"),
        ("2001234", "开平市长兴卫浴有限公司"),
        ("五金二厂", "广东翠山湖精密五金制造有限公司"),
        ("GR202444001234", "广东翠山湖精密五金制造有限公司"),
        ("gr2024 4400 1234", "广东翠山湖精密五金制造有限公司"),
        ("ＧＲ202444001234", "广东翠山湖精密五金制造有限公司"),
    ],
)
async def test_a_firm_is_found_by_what_people_know_of_it(conn, known, typed, name):
    assert await found(conn, typed) == [name]


async def test_a_firm_is_found_by_its_code_in_any_case(conn, known):
    uscc, _ = known
    assert await found(conn, uscc.lower()) == ["广东翠山湖精密五金制造有限公司"]
    assert await found(conn, uscc[3:12]) != []


@pytest.mark.parametrize("typed", ["不存在", "%%", "__", "浴卫", "'; drop table firms; --", "\\", "有限公司有限公司"])
async def test_what_no_firm_carries_finds_nothing(conn, known, typed):
    assert await found(conn, typed) == []


async def test_one_character_is_too_little_to_search_by(conn, known):
    assert await found(conn, "卫") == []


async def test_the_exact_name_comes_before_names_that_contain_it(conn):
    await factories.firm(conn, "开平市新光明科技有限公司")
    await factories.firm(conn, "光明科技有限公司")
    assert (await found(conn, "光明科技"))[0] == "光明科技有限公司"


async def test_a_name_given_up_stays_findable(conn, known):
    uscc, _ = known
    officer = await factories.person(conn, "officer")
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    entry = FirmEntry({"name": "广东新名精密有限公司"})
    await edit(conn, firm, entry, version=firm.version, by=officer.actor, at=NOON)
    assert await found(conn, "翠山湖精密") == ["广东新名精密有限公司"]
    assert await found(conn, "新名精密") == ["广东新名精密有限公司"]
    again = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    assert set(again.former_names) == {"开平县五金二厂", "广东翠山湖精密五金制造有限公司"}


@pytest.mark.parametrize("listed", [["开平县五金二厂"], [], ["开平县五金二厂", "开平县五金一厂"]])
async def test_a_name_given_up_is_remembered_whatever_list_comes_with_the_new_one(conn, known, listed):
    uscc, _ = known
    officer = await factories.person(conn, "officer")
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    entry = FirmEntry({"name": "广东新名精密有限公司"}, contacts=firm.contacts, tags=firm.tags, former_names=listed)
    await edit(conn, firm, entry, version=firm.version, by=officer.actor, at=NOON)
    again = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    assert sorted(again.former_names) == sorted([*listed, "广东翠山湖精密五金制造有限公司"])


async def test_a_name_is_given_up_on_the_local_day_and_keeps_it_when_the_list_grows(conn):
    uscc = await factories.firm(conn, "开平市旧名有限公司")
    officer = await factories.person(conn, "officer")
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    early = datetime(2026, 11, 23, 7, 30, tzinfo=BUSINESS_ZONE)
    await edit(conn, firm, FirmEntry({"name": "开平市新名有限公司"}), version=1, by=officer.actor, at=early)
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    entry = FirmEntry({}, former_names=[*firm.former_names, "开平县老名厂"])
    await edit(conn, firm, entry, version=firm.version, by=officer.actor, at=NOON)
    days = dict((await conn.execute(select(FormerName.name, FormerName.changed_on))).all())
    assert days["开平市旧名有限公司"] == early.date()
    assert days["开平县老名厂"] is None


async def test_an_edit_of_an_older_version_is_refused_and_writes_nothing(conn, known):
    uscc, _ = known
    officer = await factories.person(conn, "officer")
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    await edit(conn, firm, FirmEntry({"park": "甲"}), version=firm.version, by=officer.actor, at=NOON)
    with pytest.raises(Stale):
        await edit(conn, firm, FirmEntry({"park": "乙"}), version=firm.version, by=officer.actor, at=NOON)
    assert (await firm_by_uscc(conn, uscc, viewer=officer.viewer)).park == "甲"


async def test_an_edit_that_changes_nothing_leaves_no_trace(conn, known):
    uscc, _ = known
    officer = await factories.person(conn, "officer")
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    before = (await conn.execute(text("SELECT count(*) FROM audit_events"))).scalar_one()
    assert await edit(conn, firm, FirmEntry({"park": "翠山湖"}), version=1, by=officer.actor, at=NOON) == {}
    assert (await conn.execute(text("SELECT count(*) FROM audit_events"))).scalar_one() == before


async def test_only_what_people_may_fill_in_is_ever_written(conn, known):
    uscc, _ = known
    officer = await factories.person(conn, "officer")
    firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    sly = {"tier": "leader", "tier_since": TODAY, "id": firm.id, "version": 99, "created_by": officer.id, "park": "丙"}
    changes = await edit(conn, firm, FirmEntry(sly), version=firm.version, by=officer.actor, at=NOON)
    assert set(changes) == {"park"}
    now = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
    assert (now.tier, now.version) == (None, firm.version + 1)


async def test_the_same_code_twice_is_a_conflict(conn):
    officer = await factories.person(conn, "officer")
    uscc = await factories.firm(conn)
    with pytest.raises(Conflict):
        async with conn.begin_nested():
            await register(
                conn, FirmEntry({"name": "又一家", "uscc": uscc, "region_code": TOWN}), by=officer.actor, at=NOON
            )


async def test_a_town_that_does_not_exist_is_a_fault_of_that_field(conn):
    officer = await factories.person(conn, "officer")
    entry = FirmEntry({"name": "甲", "uscc": factories.code(), "region_code": "440783999"})
    with pytest.raises(Invalid) as caught:
        async with conn.begin_nested():
            await register(conn, entry, by=officer.actor, at=NOON)
    assert set(caught.value.fields) == {"region_code"}


async def test_amounts_are_kept_exactly(conn):
    uscc = await factories.firm(conn, registered_capital=Decimal("12345678901234.56"))
    viewer = (await factories.person(conn, "officer")).viewer
    assert (await firm_by_uscc(conn, uscc, viewer=viewer)).registered_capital == Decimal("12345678901234.56")


SORTS = [sign + s.value for s in Sort if s is not Sort.RELEVANCE for sign in ("", "-")]


async def a_county(conn, rows):
    """Firms straight into the table: names, dates and moments collide on purpose."""
    from app.db import new_id

    made = [
        {
            "id": new_id(),
            "uscc": factories.code(),
            "name": f"企业{a}",
            "name_key": f"企业{a}",
            "name_pinyin": f"qi ye {a}",
            "name_initials": "qy",
            "region_code": TOWN,
            "registered_on": date(2020, 1, 1 + b) if b else None,
            "next_touch_on": date(2026, 1, 1 + c) if c else None,
            "tier": "eaglet" if d else None,
            "tier_since": date(2025, 1, 1 + d) if d else None,
            "search_text": "",
            "search_grams": [],
            "created_at": NOON,
            "updated_at": NOON.replace(hour=a),
        }
        for a, b, c, d in rows
    ]
    await conn.execute(insert(Firm), made)
    return {row["id"] for row in made}


small = st.integers(0, 3)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(small, small, small, small), min_size=1, max_size=25), size=st.integers(1, 7))
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_visit_every_firm_exactly_once_in_every_order(conn, sort, rows, size):
    # The fixture's transaction is shared by the examples; each takes its firms back.
    trial = await conn.begin_nested()
    wanted = await a_county(conn, rows)
    viewer = (await factories.person(conn, "officer")).viewer
    seen, keys, cursor = [], [], None
    for _ in range(len(wanted) + 1):
        page = await list_firms(conn, FirmFilter(), viewer=viewer, today=TODAY, sort=sort, cursor=cursor, limit=size)
        seen += [row.id for row in page.items]
        keys += [sort_key(row, sort) for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    await trial.rollback()
    assert len(seen) == len(set(seen))
    assert set(seen) == wanted
    if keys and keys[0] is not None:
        assert keys == sorted(keys, reverse=sort.startswith("-"))


def sort_key(row, sort):
    name = sort.removeprefix("-")
    if name == "updated":
        return row.updated_at
    if name == "name":
        return row.name
    return (row.tier_since or date.max) if name == "tier_since" else None


async def test_a_count_stops_where_nobody_reads_on(conn):
    await a_county(conn, [(n % 4, 0, 0, 0) for n in range(30)])
    viewer = (await factories.person(conn, "officer")).viewer
    assert await count_firms(conn, FirmFilter(), viewer=viewer, today=TODAY, limit=10) == 11
    assert await count_firms(conn, FirmFilter(), viewer=viewer, today=TODAY, limit=None) == 30


async def test_a_division_is_a_prefix_and_not_a_part(conn):
    """4407831 is no division of anybody; 440783117 must not see 4407831170 nor 440783 its sister 440784."""
    await factories.firm(conn, region=TOWN)
    viewer = (await factories.person(conn, "officer-x", scope=COUNTY)).viewer
    assert len((await conn.execute(select(Firm.id).where(visible_to(viewer)))).all()) == 1
    nothing = (await factories.person(conn, "officer-y", scope="440784")).viewer
    assert (await conn.execute(select(Firm.id).where(visible_to(nothing)))).all() == []


NUL = "WyJcdTAwMDAiLCIwMTlhYjBlMC02ZjNjLTdkMWUtOGE1NS0zZjBmNmQyYzFiN2EiXQ"  # a name that holds a NUL
NAIVE = "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMSJd"  # a moment without its zone
FALSE_CURSORS = ["x", "W10", "WyJhIiwgImIiXQ", "e30", "WzEsIDJd", "🙈", "WyJhIiw1XQ", NUL, NAIVE]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("cursor", FALSE_CURSORS)
async def test_a_cursor_that_we_did_not_make_is_refused_with_a_sentence(conn, sort, cursor):
    viewer = (await factories.person(conn, "officer")).viewer
    with pytest.raises(Invalid, match="改正"):
        await list_firms(conn, FirmFilter(), viewer=viewer, today=TODAY, sort=sort, cursor=cursor)
