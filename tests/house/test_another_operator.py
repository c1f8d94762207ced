"""What is another carrier's is not there: every route that an operator may call, with the ids of a carrier of which
there is everything, answers and asks as it does with ids that nothing has."""

import re

import pytest
from sqlalchemy import insert, select

from app.carriers.log_models import CarrierLog
from app.carriers.models import CarrierDuty, CarrierTeam, TenancyProposal
from app.carriers.proposing import propose
from app.collecting.models import CollectionAnswer
from app.collecting.service import open_round
from app.collecting.terms import Period
from app.db import new_id
from app.firms.models import Region
from app.incubation.models import EntryApplication, StayDisagreement
from tests import factories, houses
from tests.harness import NOON
from tests.house import test_foreign_and_absent as walk
from tests.house.access_lines import GUARDED

sound = walk.sound
NAMED = {"form": "csv", "kind": "service", "step": "answer", "nth": "1", "year": "2025"}


@pytest.fixture
async def theirs(conn):
    """A carrier with one of everything that an address can name."""
    held = await houses.carrier(conn, "别家孵化器")
    operator = await houses.operator(conn, held, "carrier-theirs")
    uscc = await factories.firm(conn, walk.NAME)
    firm_id, space = await factories.id_of(conn, uscc), await houses.space(conn, held)
    of = {"carrier_id": held.id, "space_id": space, "tenancy_id": await houses.tenancy(conn, held, space, uscc)}
    await houses.tenancy(conn, held, await houses.space(conn, held, "302"), "别家团队")
    made = await open_round(conn, held, Period(2026, 4), due_on=NOON.date(), by=operator.actor, at=NOON)
    of |= {"round_id": made, "entry_id": new_id(), "duty_id": new_id(), "disagreement_id": new_id()}
    of["answer_id"] = (await conn.execute(select(CollectionAnswer.id).limit(1))).scalar_one()
    of["team_id"] = (await conn.execute(select(CarrierTeam.id))).scalar_one()
    log = {"id": of["entry_id"], "carrier_id": held.id, "kind": "service", "sort": "other", "title": walk.NAME}
    log |= {
        "happened_on": NOON.date(),
        "firm_id": firm_id,
        "author_name": "别家",
        "created_at": NOON,
        "updated_at": NOON,
    }
    await conn.execute(insert(CarrierLog).values(log))
    asks = {"id": of["entry_id"], "carrier_id": held.id, "firm_id": firm_id, "since": NOON.date(), "asker_name": "别家"}
    await conn.execute(insert(EntryApplication).values(asks | {"asked_at": NOON, "closes_on": NOON.date()}))
    await propose(conn, held, houses.lease(await houses.space(conn, held, "303"), uscc), by=operator.actor, at=NOON)
    of["proposal_id"] = (await conn.execute(select(TenancyProposal.id))).scalar_one()
    duty = {"id": of["duty_id"], "carrier_id": held.id, "kind": "other", "what": walk.NAME, "due_on": NOON.date()}
    await conn.execute(insert(CarrierDuty).values(duty | {"created_at": NOON}))
    said = {"id": of["disagreement_id"], "carrier_id": held.id, "firm_id": firm_id, "opener_name": "别家"}
    await conn.execute(insert(StayDisagreement).values(said | {"kind": "address", "opened_at": NOON}))
    return of


def rows(role, theirs, sound):
    for line in GUARDED:
        names = re.findall(r"{(\w+)}", line.path)
        if role not in line.roles or not {*names} & theirs.keys():
            continue
        nobody = {name: NAMED.get(name, str(new_id())) for name in names}
        other = nobody | {name: str(theirs[name]) for name in names if name in theirs}
        body = sound.get((line.method, line.path), {} if line.path.startswith("/api/") else walk.FILLED)
        yield line.method, line.path.format(**other), body, line.path.format(**nobody), body


async def test_to_an_operator_another_carrier_is_not_there(conn, client_as, theirs, sound, statements):
    mine = await houses.carrier(conn, "自家孵化器")
    await houses.operator(conn, mine)
    operator = await client_as("carrier")
    await operator.get("/carrier")
    asked = list(rows("carrier", theirs, sound))
    assert len(asked) > 80
    assert await walk.compare(conn, operator, statements, asked) <= {404, 422}
    for address in ("/carrier", "/carriers", "/api/v1/carriers"):
        page = (await operator.get(address)).text
        assert ("自家孵化器" in page, "别家" in page) == (True, False), address


async def test_to_an_officer_of_another_county_no_page_of_a_carrier_is_there(
    conn, client_as, theirs, sound, statements
):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    away = await client_as("officer-away", scope="440784")
    await away.get("/carriers")
    pages = [row for row in rows("officer", theirs, sound) if not row[1].startswith("/api/")]
    assert len(pages) > 50
    assert await walk.compare(conn, away, statements, pages) <= {404, 422}
    assert "别家" not in (await away.get("/carriers")).text
