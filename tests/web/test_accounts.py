"""The accounts as whoever keeps them finds them, and the tokens of one's own."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.access.models import ApiToken, User
from app.access.tokens import MOST
from app.audit.models import AuditEvent
from app.outbox.models import OutboxMessage
from tests import factories
from tests.factories import PASSWORD
from tests.harness import NOON


async def test_accounts_come_a_page_at_a_time_and_are_found_by_part_of_a_name(client_as, conn, rendered):
    admin = await client_as("admin")
    for n in range(60):
        await factories.person(conn, f"officer-{n:02}")
    first = await admin.get("/admin/users")
    assert "61 个" in first.text
    assert len(rendered[-1][1]["users"]) == 50
    seen = [u.login for u in rendered[-1][1]["users"]]
    await admin.get(rendered[-1][1]["next_href"])
    seen += [u.login for u in rendered[-1][1]["users"]]
    assert seen == sorted(seen)
    assert len(set(seen)) == 61
    assert rendered[-1][1]["next_href"] is None
    found = await admin.get("/admin/users", params={"q": "CER-07", "role": "officer"})
    assert [u.login for u in rendered[-1][1]["users"]] == ["officer-07"]
    assert "1 个" in found.text
    for nothing in ({"q": "%"}, {"q": "officer", "role": "town"}, {"standing": "waiting"}):
        assert "没有符合条件的账号" in (await admin.get("/admin/users", params=nothing)).text


@pytest.mark.parametrize(("days", "listed"), [(89, False), (90, True)])
async def test_accounts_that_nobody_uses_are_found(client_as, conn, rendered, days, listed):
    admin, idle = await client_as("admin"), await factories.person(conn, "officer")
    came = NOON - timedelta(days=days)
    await conn.execute(update(User).where(User.id == idle.id).values(last_sign_in_at=came, created_at=NOON))
    await admin.get("/admin/users?standing=idle")
    assert ("officer" in [u.login for u in rendered[-1][1]["users"]]) is listed
    await conn.execute(update(User).where(User.id == idle.id).values(active=False))
    await admin.get("/admin/users?standing=idle")
    assert "officer" not in [u.login for u in rendered[-1][1]["users"]]


async def test_a_token_is_made_with_the_password_shown_once_used_and_revoked(
    client_as, client_from, conn, clock, rendered
):
    officer = await factories.person(conn, "officer")
    desk = await client_as(officer)
    form = {"label": "统计小程序", "days": "30", "password": "wrong"}
    assert (await desk.post("/account/tokens", data=form | {"scope": "all"})).status_code == 422
    assert (await desk.post("/account/tokens", data=form)).status_code == 422
    assert (await desk.post("/account/tokens", data=form | {"label": " "})).status_code == 422
    assert (await desk.post("/account/tokens", data=form | {"days": "367"})).status_code == 422
    assert not (await conn.execute(select(ApiToken))).all()
    shown = await desk.post("/account/tokens", data=form | {"password": PASSWORD})
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    token = rendered[-1][1]["token"]
    assert token in shown.text
    again = await desk.post("/account/tokens", data=form | {"password": PASSWORD})
    assert (again.status_code, "已经有一个给“统计小程序”用的令牌" in again.text) == (422, True), (
        "sent again, it makes none"
    )
    page = (await desk.get("/account/tokens")).text
    assert "统计小程序" in page
    assert "从未" in page
    assert ">只读</td>" in page, "that is what a token is unless more is asked for"
    assert token not in page
    program = client_from(headers={"authorization": f"Bearer {token}"})
    assert (await program.get("/api/v1/firms")).status_code == 200
    clock.advance(seconds=59)
    await program.get("/api/v1/firms")
    used = (await conn.execute(select(ApiToken.used_at))).scalar_one()
    assert used == NOON, "once a minute is often enough"
    clock.advance(seconds=2)
    await program.get("/api/v1/firms")
    assert (await conn.execute(select(ApiToken.used_at))).scalar_one() == clock.now()
    reference = rendered[-1][1]["tokens"][0].reference if "tokens" in rendered[-1][1] else ""
    assert (await (await client_as("officer-2")).post(f"/account/tokens/{reference}/revoke")).status_code == 404
    assert (await desk.post(f"/account/tokens/{reference}/revoke")).status_code == 303
    assert (await desk.post(f"/account/tokens/{reference}/revoke")).status_code == 404
    assert (await program.get("/api/v1/firms")).status_code == 401
    about = select(AuditEvent.action).where(AuditEvent.action.like("user:token:%")).order_by(AuditEvent.number)
    assert list((await conn.execute(about)).scalars()) == ["user:token:issued", "user:token:revoked"]
    told = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.user_id == officer.id)
    assert "您的账号发放了只读的访问令牌“统计小程序”" in (await conn.execute(told)).scalar_one()


async def test_there_is_a_limit_to_how_many_tokens_one_has(client_as, conn):
    officer = await factories.person(conn, "officer")
    for _ in range(MOST):
        await factories.token_of(conn, officer)
    desk = await client_as(officer)
    form = {"label": "再来一个", "password": PASSWORD}
    refused = await desk.post("/account/tokens", data=form)
    assert refused.status_code == 422
    assert "撤销不用的" in refused.text
    await conn.execute(update(ApiToken).values(expires_at=NOON))
    assert (await desk.post("/account/tokens", data=form | {"scope": "write"})).status_code == 200
    told = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.user_id == officer.id)
    assert "读写的访问令牌“再来一个”" in (await conn.execute(told)).scalar_one()
    kept = select(AuditEvent.after).where(AuditEvent.object_label == "officer").order_by(AuditEvent.number.desc())
    assert (await conn.execute(kept.limit(1))).scalar_one() == {"program": "再来一个", "days": 90, "read_only": False}
    assert ">读写</td>" in (await desk.get("/account/tokens")).text
