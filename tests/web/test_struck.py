"""登记有误: what never was takes days away that are over, so it is asked, told and kept like any other going back."""

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.outbox.models import OutboxMessage
from tests import factories, houses

STRUCK = {"reason": "struck", "note": "选错了企业"}
LATE = "名称相近，登记成了另一家"


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn)
    await houses.operator(conn, found)
    return found


async def told(conn):
    query = select(OutboxMessage.payload).where(OutboxMessage.kind == "stay_on_ground")
    return [payload["subject"] for payload in (await conn.execute(query)).scalars()]


async def test_an_operator_says_why_only_now_and_the_bureau_hears_it(conn, client_as, held):
    await factories.person(conn, "officer")
    made = await houses.tenancy(
        conn, held, await houses.space(conn, held), await factories.firm(conn, "开平市甲有限公司")
    )
    operator, here = await client_as("carrier"), f"/tenancies/{made}"
    asked = await operator.post(f"{here}/end", data=STRUCK | {"version": "1"})
    assert (asked.status_code, "抹掉 2026-01-01 至 2026-11-22 的入驻" in asked.text) == (422, True)
    assert ('name="late"' in asked.text, "选错了企业" in asked.text) == (True, True), "what was typed is kept"
    assert await told(conn) == []
    done = await operator.post(f"{here}/end", data=STRUCK | {"version": "1", "late": LATE})
    assert done.status_code == 303
    (word,) = await told(conn)
    assert ("开平市甲有限公司" in word, "2026-01-01 起" in word, LATE in word) == (True, True, True)
    assert f"现在才登记：{LATE}" in (await operator.get(here)).text
    trail = select(AuditEvent.after).where(AuditEvent.action == "carrier:tenancy:ended")
    assert (await conn.execute(trail)).scalar_one()["late"] == LATE


async def test_a_program_is_asked_alike_and_what_has_not_begun_is_called_off_without_a_word(conn, api_as, held):
    await factories.person(conn, "officer")
    program = await api_as("carrier")
    for n, (since, status) in enumerate((("2026-11-22", 422), ("2026-11-23", 200), ("2026-12-21", 200))):
        lease = {"team": f"团队{n}", "space": str(await houses.space(conn, held, f"30{n}")), "from": since}
        made = (await program.post(f"/api/v1/carriers/{held.id}/tenancies", json=lease)).json()["id"]
        end, tag = f"/api/v1/tenancies/{made}/end", {"if-match": '"1"'}
        sent = await program.post(end, json=STRUCK, headers=tag)
        assert sent.status_code == status, since
        if status == 422:
            assert set(sent.json()["errors"]) == {"late"}
            assert (await program.post(end, json=STRUCK | {"late": LATE}, headers=tag)).status_code == 200
    assert len(await told(conn)) == 1
