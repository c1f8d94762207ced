"""A synthetic county leaves what the services would have left, the same every time, and never among real firms."""

import re
from datetime import date

import pytest
from sqlalchemy import func, select, text

from app.carriers.models import CarrierRecord
from app.carriers.occupancy import fills
from app.errors import Refused
from app.firms.models import Contact, Firm, FirmNote
from app.firms.queries import list_firms
from app.firms.terms import FirmFilter
from app.pipeline.models import Move, Placement
from app.recognitions.models import Certificate
from app.seeding.bulk import cell, lines
from app.seeding.invented import MARK
from app.seeding.synth import load_county, recipe_for, texts_of
from app.text import key, pinyin
from app.text.uscc import check
from tests import factories
from tests.domains.test_seeding import assert_counters_and_documents
from tests.harness import NOON

pytestmark = pytest.mark.db_commit
MANY, TODAY = 400, NOON.date()


async def county(database, **more):
    await load_county(database, firms=more.pop("firms", MANY), at=NOON, cheap=True, **more)


async def test_a_county_is_whole_in_every_table(fresh_database):
    await county(fresh_database)
    async with fresh_database.transaction() as conn:
        rows = (
            await conn.execute(select(Firm.name, Firm.name_key, Firm.name_pinyin, Firm.name_initials, Firm.uscc))
        ).all()
        assert len(rows) == MANY
        for name, name_key, sort_key, initials, code in rows:
            assert (key(name), *pinyin(name)) == (name_key, sort_key, initials)
            assert code.startswith(MARK)
            assert check(code).valid
            assert not check(code).warnings
        for table in (Contact, FirmNote, Certificate):
            assert (await conn.execute(select(func.count()).select_from(table))).scalar_one() > 0
        assert (await conn.execute(select(func.count(Firm.region_code.distinct())))).scalar_one() == 16
        await assert_counters_and_documents(conn)
        # A carrier for every two hundred firms, with rooms and tenants, and a history that says what the rows say.
        full = await fills(conn, [r.id for r in await conn.execute(select(CarrierRecord.id))], on=TODAY, today=TODAY)
        assert len(full) == 2
        assert all(0 < fill.rate < 1 and fill.firms and fill.teams for fill in full.values())
        then = await fills(conn, list(full), on=TODAY, today=TODAY, known_on=TODAY)
        assert then == full


async def test_a_firms_columns_say_what_its_placements_and_moves_say(fresh_database):
    await county(fresh_database)
    async with fresh_database.reading() as conn:
        current = select(Placement.firm_id, Placement.tier, func.lower(Placement.period)).where(
            text("upper_inf(period)")
        )
        placed = {firm: (tier, since) for firm, tier, since in (await conn.execute(current)).all()}
        stands = (await conn.execute(select(Firm.id, Firm.tier, Firm.tier_since))).all()
        assert placed == {firm: (tier, since) for firm, tier, since in stands if tier}
        moves = (
            await conn.execute(
                select(Move.firm_id, Move.from_tier, Move.to_tier, Move.effective_on, Move.recorded_at).order_by(
                    Move.firm_id, Move.effective_on
                )
            )
        ).all()
        before = {}
        for move in moves:
            assert before.get(move.firm_id) == move.from_tier
            assert move.effective_on <= move.recorded_at.astimezone(NOON.tzinfo).date()
            before[move.firm_id] = move.to_tier
        assert {firm: tier for firm, tier in before.items() if tier} == {f: t for f, (t, _) in placed.items()}


async def test_every_entry_to_the_certificate_tier_has_its_certificate(fresh_database):
    await county(fresh_database)
    async with fresh_database.reading() as conn:
        held = (
            select(Certificate.id)
            .where(
                Certificate.firm_id == Move.firm_id,
                Certificate.issued_on <= Move.effective_on,
                Certificate.expires_on >= Move.effective_on,
            )
            .exists()
        )
        query = select(func.count(), func.count().filter(held), func.count(Move.approver_id))
        entries, with_certificate, approved = (await conn.execute(query.where(Move.to_tier == "hnte"))).one()
        assert entries == with_certificate == approved > 0


async def test_two_characters_find_many_few_or_no_firms(fresh_database):
    await county(fresh_database, firms=1000)
    officer = factories.Viewer(factories.new_id(), "o", "o", factories.Role.OFFICER, "440783")
    async with fresh_database.reading() as conn:
        hits = [
            len(
                (
                    await list_firms(
                        conn, FirmFilter(q=q, status="all"), viewer=officer, today=NOON.date(), sort="name", limit=2000
                    )
                ).items
            )
            for q in ("开平", "卫浴", "华兴", "沧海")
        ]
    assert hits[0] > 400
    assert 100 < hits[1] < 500
    assert 1 <= hits[2] < 60
    assert hits[3] == 0


async def test_the_same_seed_makes_the_same_county_and_another_seed_another(fresh_database):
    async with fresh_database.transaction() as conn:
        recipe = await recipe_for(conn, 7, at=NOON, cheap=True)
        other = await recipe_for(conn, 8, at=NOON, cheap=True)
    alone = [texts async for texts in texts_of(recipe, 60, span=20)]
    shared = [texts async for texts in texts_of(recipe, 60, span=20, shared_from=1)]
    assert shared == alone
    assert [texts async for texts in texts_of(other, 60, span=20)] != alone


async def test_a_county_may_be_loaded_once_and_another_beside_it(fresh_database):
    await county(fresh_database, firms=30)
    with pytest.raises(Refused, match="种子 1 的合成县已经载入"):
        await county(fresh_database, firms=30)
    await county(fresh_database, firms=20, seed=2)
    async with fresh_database.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(Firm))).scalar_one() == 50


async def test_the_slow_indexes_come_back_as_they_were(fresh_database):
    definitions = text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef")
    async with fresh_database.reading() as conn:
        before = list((await conn.execute(definitions)).scalars())
    await county(fresh_database, firms=30)
    async with fresh_database.reading() as conn:
        assert list((await conn.execute(definitions)).scalars()) == before


async def test_a_registry_with_a_real_firm_takes_synthetic_ones_only_by_force(fresh_database):
    async with fresh_database.transaction() as conn:
        await factories.firm(conn)
    with pytest.raises(Refused, match="真实企业"):
        await county(fresh_database, firms=10)
    await county(fresh_database, firms=10, force=True)
    async with fresh_database.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(Firm))).scalar_one() == 11


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, r"\N"),
        ("a\tb\nc\\d\r", r"a\tb\nc\\d\r"),
        (True, "t"),
        (3, "3"),
        (["长兴", "ab"], "{长兴,ab}"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_a_value_is_written_as_copy_reads_it(value, written):
    assert cell(value) == written


def test_a_value_without_a_text_form_is_refused():
    with pytest.raises(TypeError, match="float"):
        lines([(1.5,)])


async def test_names_are_varied_and_none_carries_what_copy_would_misread(fresh_database):
    await county(fresh_database)
    async with fresh_database.reading() as conn:
        names = list((await conn.execute(select(Firm.name))).scalars())
    assert len(set(names)) > MANY * 0.9
    assert not [name for name in names if re.search(r"[\\\t\n]", name)]
