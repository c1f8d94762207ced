"""Seeds come in by natural key and leave the bureau's own settings alone; the demo is a year the system allows."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from app.access.models import User
from app.access.queries import user_by_login
from app.access.terms import Role
from app.audit.models import AuditEvent
from app.config import SEEDS
from app.db import Base
from app.digests.composing import compose, frame_of, lists_in, value_of
from app.digests.queries import kept_digest
from app.digests.rules import as_it_is
from app.digests.terms import Week
from app.errors import Refused
from app.firms.models import Contact, Firm, FirmNote, FirmTag, FormerName, Industry, Region
from app.firms.reference import load_reference
from app.firms.search import refresh_search
from app.pipeline.models import Move, MoveRequest, Placement, TierRow
from app.recognitions.models import Certificate
from app.reports.models import YearlyReport
from app.seeding.demo import DEMO_LOGINS, load_demo
from app.seeding.first_admin import COUNTY, ensure_admin
from app.seeding.invented import DEMO
from app.seeding.load import load_seeds
from app.text import key
from app.text.uscc import check
from app.workdays.models import CalendarDay, CalendarYear
from app.workdays.queries import load_calendar
from app.workdays.rules import CalendarEntry, DayKind
from app.workdays.service import load_year
from tests import factories
from tests.harness import NOON, opened

KAIPING = SEEDS / "kaiping"
PASSWORDS = {login: f"Dengtai-{n}-zhengchang" for n, login in enumerate(DEMO_LOGINS)}


async def dump(conn, *leave_out):
    """Every row of every table, as text."""
    return {
        table.name: sorted(map(str, (await conn.execute(select(table))).all()))
        for table in Base.metadata.sorted_tables
        if table.name not in leave_out
    }


def seeds(folder: Path, **files: str) -> Path:
    for name, body in files.items():
        (folder / f"{name}.yaml").write_text(body, "utf-8")
    return folder


async def test_loading_the_seeds_twice_changes_nothing_and_leaves_no_trace(conn, database):
    before = await dump(conn)
    assert await load_seeds(database, KAIPING, at=NOON) == {}
    assert await dump(conn) == before


async def test_the_first_load_leaves_one_line_in_the_trail(conn, database, tmp_path):
    path = seeds(
        tmp_path, industries="- {code: X01, name: 新行业, section: X}\n- {code: X02, name: 旧行业, section: X}"
    )
    before = (await conn.execute(select(func.count()).select_from(AuditEvent))).scalar_one()
    assert await load_seeds(database, path, at=NOON) == {"industries": 2}
    events = (await conn.execute(select(AuditEvent.after).where(AuditEvent.action == "setting:seeds:loaded"))).scalars()
    assert {"industries": 2} in list(events)
    assert (await conn.execute(select(func.count()).select_from(AuditEvent))).scalar_one() == before + 1


async def test_a_corrected_seed_is_written_over_and_only_that_one(conn, database, tmp_path):
    path = seeds(
        tmp_path, regions="- {code: '440783117', name: 水口镇（新名）, kind: town, parent: '440783', source: 公告}"
    )
    assert await load_seeds(database, path, at=NOON) == {"regions": 1}
    named = select(Region.name).where(Region.code == "440783117")
    assert (await conn.execute(named)).scalar_one() == "水口镇（新名）"


async def test_a_year_that_comes_with_the_seeds_counts_stale_days_anew(conn, database, tmp_path):
    moved = NOON.replace(month=12, day=4)
    uscc = await factories.firm(conn)
    await factories.move(conn, uscc, "tech_micro", at=moved)
    (tmp_path / "calendar").mkdir()
    days = "".join(f"\n  - {{day: 2027-02-{day:02}, kind: holiday, name: 春节}}" for day in range(5, 12))
    (tmp_path / "calendar" / "2027.yaml").write_text(f"- year: 2027\n  source: 通知\n  days:{days}\n", "utf-8")
    assert await load_seeds(database, tmp_path, at=NOON) == {"calendar_years": 1}
    stale = (await conn.execute(select(Firm.stale_on).where(Firm.uscc == uscc))).scalar_one()
    assert (await load_calendar(conn)).working_days_between(moved.date(), stale) == 60


async def test_a_kind_of_day_that_does_not_exist_is_refused_with_a_sentence(conn, database, tmp_path):
    (tmp_path / "calendar").mkdir()
    year = "- {year: 2027, source: 通知, days: [{day: 2027-01-01, kind: feast}]}"
    (tmp_path / "calendar" / "2027.yaml").write_text(year, "utf-8")
    with pytest.raises(Refused, match="holiday"):
        await load_seeds(database, tmp_path, at=NOON)


async def test_what_the_bureau_set_for_a_tier_survives_every_restart(conn, database):
    setting = {"stale_working_days": 30, "needs_approval": True, "expected_months": 12}
    await conn.execute(update(TierRow).where(TierRow.ladder == "main", TierRow.code == "eaglet").values(**setting))
    await conn.execute(update(TierRow).where(TierRow.ladder == "main", TierRow.code == "eaglet").values(short="鹰"))
    assert await load_seeds(database, KAIPING, at=NOON) == {"tiers": 1}
    kept = select(TierRow.stale_working_days, TierRow.needs_approval, TierRow.expected_months, TierRow.short)
    row = (await conn.execute(kept.where(TierRow.ladder == "main", TierRow.code == "eaglet"))).one()
    assert tuple(row) == (30, True, 12, "雏鹰")


async def test_a_year_that_an_administrator_loaded_is_never_written_again(conn, database):
    entries = [CalendarEntry(date(2026, 11, 24), DayKind.HOLIDAY, "本地纪念日")]
    await load_year(conn, 2026, entries, source="市政府通知", confirmed=True)
    assert await load_seeds(database, KAIPING, at=NOON) == {}
    days = await conn.execute(
        select(CalendarDay.day).where(CalendarDay.day.between(date(2026, 1, 1), date(2026, 12, 31)))
    )
    assert list(days.scalars()) == [date(2026, 11, 24)]


async def test_a_year_that_is_missing_comes_with_its_days(conn, database):
    await load_year(conn, 2024, [], source="", confirmed=False)
    await conn.execute(CalendarYear.__table__.delete().where(CalendarYear.year == 2024))
    assert await load_seeds(database, KAIPING, at=NOON) == {"calendar_years": 1}
    kind = select(CalendarDay.kind).where(CalendarDay.day == date(2024, 2, 4))
    assert (await conn.execute(kind)).scalar_one() == "make_up"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("- {code: [", "读不懂"),
        ("code: X01", "应是一列记录"),
        ("- {name: 没有代码}", "缺少 code"),
        ("- {code: X}\n- 3", "一列"),
    ],
)
async def test_seeds_that_cannot_be_read_load_nothing(conn, database, tmp_path, body, word):
    path = seeds(tmp_path, regions="- {code: '99', name: 某省, kind: province}", industries=body)
    with pytest.raises(Refused, match=word):
        await load_seeds(database, path, at=NOON)
    assert (await conn.execute(select(Region.code).where(Region.code == "99"))).first() is None
    assert (await conn.execute(select(Industry.code).where(Industry.code == "X"))).first() is None


async def test_a_park_is_known_by_the_words_rosters_use_for_it(conn):
    reference = await load_reference(conn)
    assert reference.parks == ("翠山湖",)
    for written in ("翠山湖高新区", "江门翠山湖高新技术产业开发区", "翠山湖"):
        assert reference.park_synonyms[key(written)] == "翠山湖"
    assert reference.bureau == "开平市科工商务局"


async def test_the_first_administrator_is_made_once_and_must_change_the_password(conn, database):
    assert await ensure_admin(database, "Dengtai-1-zhengchang", at=NOON, cheap=True) is True
    made = await user_by_login(conn, "admin")
    assert (made["role"], made["must_change_password"]) == (Role.ADMIN.value, True)
    assert await ensure_admin(database, "Dengtai-2-zhengchang", at=NOON, cheap=True) is False
    assert (await user_by_login(conn, "admin"))["password_hash"] == made["password_hash"]


async def demo(database, **more):
    return await load_demo(database, PASSWORDS, at=NOON, firms=more.pop("firms", 70), cheap=True, **more)


async def test_the_demo_is_a_county_with_everything_the_desks_show(county):
    assert (await county.execute(select(func.count(Firm.region_code.distinct())))).scalar_one() == 16
    kinds = Counter((await county.execute(select(Move.kind))).scalars())
    assert set(kinds) == {"entry", "promotion", "demotion", "correction", "exit"}
    states = Counter((await county.execute(select(MoveRequest.state))).scalars())
    assert states["pending"] == 4
    assert states["rejected"] >= 2
    overridden = select(Move.approver_name).where(Move.override_reason.is_not(None))
    assert all((await county.execute(overridden)).scalars())
    for table in (Contact, FirmNote, FirmTag, FormerName):
        assert (await county.execute(select(func.count()).select_from(table))).scalar_one() > 0
    today = NOON.date()
    lapses = list((await county.execute(select(Certificate.expires_on))).scalars())
    assert any(day < today for day in lapses)
    assert any(today <= day <= today + timedelta(days=180) for day in lapses)
    stale = (await county.execute(select(func.count()).where(Firm.stale_on <= today))).scalar_one()
    assert 0 < stale < 100


async def test_the_demos_digest_of_this_morning_says_what_the_pages_say_at_noon(county):
    kept = await kept_digest(county, Week(2026, 47), COUNTY)
    anew = await compose(county, await frame_of(county, Week(2026, 47), COUNTY, as_it_is(NOON)))
    keys = [one["key"] for one in lists_in(anew) if one["key"].startswith(("plan-", "carriers", "tenants-"))]
    then, now = [{key: value_of(told, key) for key in keys} for told in (kept.document, anew)]
    assert then == now
    assert (now["plan-missing"], now["carriers"], now["tenants-lapsed"], now["tenants-over"]) == (1, 2, 1, 1)


async def test_nobody_can_take_a_demo_firm_for_a_real_one_and_yet_its_code_is_valid(county):
    for name, code in (await county.execute(select(Firm.name, Firm.uscc))).all():
        assert name.startswith("开平市示例")
        assert code.startswith(DEMO)
        assert check(code).valid
        assert not check(code).warnings
    phones = (await county.execute(select(Contact.phone))).scalars()
    assert all(opened(phone).startswith("100") for phone in phones)


async def test_the_demos_people_have_their_roles_and_scopes(county):
    rows = (await county.execute(select(User.login, User.role, User.scope, User.must_change_password))).all()
    people = {login: (role, scope, must) for login, role, scope, must in rows}
    assert set(DEMO_LOGINS) < set(people)
    assert people["town"] == ("town", "440783117", False)
    for login in ("admin", "officer", "manager", "auditor"):
        assert people[login] == (login, "440783", False)
    clerk = await user_by_login(county, "firm")
    bound = await county.execute(select(Firm.uscc).where(Firm.id == clerk["firm_id"]))
    assert bound.scalar_one().startswith(DEMO)


async def test_a_years_moves_lie_in_the_year_on_working_days_and_in_office_hours(county):
    holidays = {d for d, k in (await county.execute(select(CalendarDay.day, CalendarDay.kind))).all() if k == "holiday"}
    moments = [at.astimezone(NOON.tzinfo) for at in (await county.execute(select(Move.recorded_at))).scalars()]
    assert all(NOON - timedelta(days=366) < at < NOON for at in moments)
    assert all(8 <= at.hour <= 17 for at in moments)
    assert not {at.date() for at in moments} & holidays
    assert len({at.month for at in moments}) >= 8


async def test_nothing_in_the_demo_has_happened_after_it_was_made(county):
    assert (await county.execute(select(func.max(AuditEvent.at)))).scalar_one() <= NOON


async def test_the_demo_leaves_columns_counters_and_documents_as_the_tables_say(county):
    current = select(Placement.firm_id, Placement.tier, func.lower(Placement.period)).where(
        Placement.ladder == "main", text("upper_inf(period)")
    )
    placed = {firm: (tier, since) for firm, tier, since in (await county.execute(current)).all()}
    firms = (await county.execute(select(Firm.id, Firm.tier, Firm.tier_since))).all()
    assert placed == {firm: (tier, since) for firm, tier, since in firms if tier}
    await assert_counters_and_documents(county)


async def assert_counters_and_documents(conn):
    counted = await conn.execute(
        text(
            "SELECT tier, region_code, sum(n) FROM (SELECT tier, region_code, n FROM tier_counts UNION ALL "
            "SELECT tier, region_code, n FROM tier_count_deltas) AS both_tables GROUP BY 1, 2 HAVING sum(n) <> 0"
        )
    )
    real = await conn.execute(
        text("SELECT coalesce(tier, ''), region_code, count(*) FROM firms WHERE status = 'active' GROUP BY 1, 2")
    )
    assert {tuple(r) for r in counted} == {tuple(r) for r in real}
    documents = select(Firm.id, Firm.search_text, Firm.search_grams).order_by(Firm.id)
    before = (await conn.execute(documents)).all()
    await refresh_search(conn, [row.id for row in before])
    assert (await conn.execute(documents)).all() == before


async def test_the_same_seed_and_day_make_the_same_demo_and_a_second_start_adds_nothing_to_it(conn, database):
    await ensure_admin(database, "Dengtai-9-zhengchang", at=NOON, cheap=True)
    administrator = await user_by_login(conn, "admin")
    told = []
    for _ in range(2):
        savepoint = await conn.begin_nested()
        assert await demo(database, firms=40) is True
        moves = select(Firm.uscc, Move.kind, Move.to_tier, Move.effective_on, Move.recorded_at, Move.actor_name)
        firms = select(Firm.uscc, Firm.name, Firm.tier, Firm.tier_since, Firm.stale_on, Firm.search_text)
        figures = select(Firm.uscc, YearlyReport.year, YearlyReport.version, YearlyReport.state, YearlyReport.figures)
        reports = figures.join(Firm, Firm.id == YearlyReport.firm_id).order_by(Firm.uscc, YearlyReport.year)
        told.append(
            (
                (await conn.execute(reports.order_by(YearlyReport.version))).all(),
                (await conn.execute(moves.join(Firm, Firm.id == Move.firm_id).order_by(Move.recorded_at))).all(),
                (await conn.execute(firms.order_by(Firm.uscc))).all(),
            )
        )
        before = await dump(conn)
        assert await demo(database, firms=40) is False
        assert await dump(conn) == before
        # Who was there before keeps the password.
        assert await user_by_login(conn, "admin") == administrator
        await savepoint.rollback()
    assert told[0] == told[1]


async def test_a_registry_with_real_firms_gets_no_demo_and_no_demo_accounts(conn, database):
    await factories.firm(conn)
    before = await dump(conn)
    assert await demo(database, firms=40) is False
    assert await dump(conn) == before


async def test_messages_of_the_demos_year_were_delivered_long_ago(county):
    late = await county.execute(
        text("SELECT count(*) FROM outbox_messages WHERE state = 'pending' AND created_at < :day"),
        {"day": NOON - timedelta(days=1)},
    )
    assert late.scalar_one() == 0


async def test_a_seeds_row_may_leave_out_what_it_does_not_know(conn, database, tmp_path):
    path = seeds(tmp_path, parks="- {name: 新园区}")
    assert await load_seeds(database, path, at=NOON) == {"parks": 1}
    assert "新园区" in (await load_reference(conn)).parks
