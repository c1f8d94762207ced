"""What staff hear of certificates that end: one message with one list, which goes when its firms do."""

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from app.clock import BUSINESS_ZONE
from app.exchange import undoing
from app.files.store import FileStore
from app.firms.terms import ContactDetails
from app.outbox.models import OutboxMessage
from app.outbox.writing import notice, post
from app.reminders.jobs import plan_reminders
from app.reminders.ledger import ledger
from tests import factories
from tests.harness import NOON
from tests.rosters import CODE, NAME, imported, roster

MAIL = [ContactDetails("王五", "13800000001", "财务", "wang@example.invalid")]
M = OutboxMessage


def day(on: date, hour: int = 9) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=BUSINESS_ZONE)


async def test_certificates_of_many_days_are_one_message_with_one_list_and_say_whom_to_call_and_why(conn, database):
    officer, manager = await factories.person(conn, "officer"), await factories.person(conn, "manager")
    # Ends within 15, 60 and 30 days: of the last nothing reaches the firm, though a telephone is on file.
    silent = [ContactDetails("赵六", "13800000009")]
    for issued, contacts in ((date(2023, 12, 5), MAIL), (date(2024, 1, 20), MAIL), (date(2023, 12, 20), silent)):
        uscc = await factories.firm(conn, f"开平市{issued:%m%d}有限公司", officer_id=officer.id, contacts=contacts)
        await factories.certificate(conn, uscc, issued_on=issued)
    await factories.active_rule(conn, "hnte_expiry")
    for hour in (9, 9, 10, 15):
        await plan_reminders(database, at=day(date(2026, 11, 25), hour))
    told = select(M.id, M.payload, M.created_at).where(M.channel == "inbox", M.kind == "reminder")
    (one,) = (await conn.execute(told.where(M.user_id == officer.id))).all()
    assert one.payload["subject"] == (
        "3 家企业的高新技术企业证书 最早 2026-12-05 到期，还有 10 天（7 个工作日），其中 1 家系统发不到，请电话提醒："
        "开平市1205有限公司、开平市1220有限公司、开平市0120有限公司"
    )
    assert "开平市1220有限公司（2026-12-20，请电话提醒）" in one.payload["body"]
    assert "没有能用的联系人邮箱，本局没有接短信网关，档案里的电话系统用不上" in one.payload["body"]
    assert "{" not in one.payload["subject"] + one.payload["body"]
    lines = await ledger(conn, viewer=officer.viewer, told=one.id)
    assert {(line.firm_name, line.step) for line in lines} == {
        ("开平市1205有限公司", "officer:60d"),
        ("开平市1220有限公司", "officer:60d"),
        ("开平市1220有限公司", "call:firm:30d"),
        ("开平市0120有限公司", "officer:60d"),
    }
    (his,) = (await conn.execute(told.where(M.user_id == manager.id))).all()
    assert his.payload["subject"].startswith("1 家企业的高新技术企业证书 2026-12-05 到期")
    # The same day of another firm that comes later is news, and of the others nothing is said again.
    late = await factories.firm(conn, "开平市后来有限公司", officer_id=officer.id, contacts=MAIL)
    await factories.certificate(conn, late, issued_on=date(2023, 12, 20))
    await plan_reminders(database, at=day(date(2026, 11, 26)), texting=True)
    _, second = (await conn.execute(told.where(M.user_id == officer.id).order_by(M.created_at))).all()
    assert second.payload["subject"].endswith("：开平市后来有限公司")
    assert "请电话提醒" not in second.payload["subject"]


async def test_an_undone_import_takes_along_what_was_told_of_its_firms_or_says_so(
    conn, database, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(undoing, "CHUNK", 1)  # the firms go in two stretches, and are counted once
    officer, colleague = await factories.person(conn, "officer"), await factories.person(conn, "officer-2")
    await factories.active_rule(conn, "hnte_expiry")

    def row(name, code):
        return {NAME: name, CODE: code, "高企证书编号": f"GR20234400180{name[4]}", "高企发证日期": "2023-12-28"}

    codes = [factories.code() for _ in range(2)]
    before = NOON - timedelta(days=9)  # of the firm that had the code then
    await post(conn, notice("followed", "x", to=officer.id, subject="x", uscc=codes[0], at=before))
    lines = [row(f"开平市第{n}有限公司", code) for n, code in enumerate(codes)]
    done = await imported(database, FileStore(tmp_path), roster(*lines), by=officer.actor)
    at = NOON + timedelta(hours=1)
    stays = await factories.firm(conn, "开平市原有有限公司", officer_id=officer.id)
    await factories.certificate(conn, stays, issued_on=date(2023, 12, 28))
    await plan_reminders(database, at=at)
    told = select(M.user_id, M.payload["subject"].astext, M.state, M.read_at).where(M.channel == "inbox")
    told = told.where(M.kind == "reminder")
    heard = {row[0]: row for row in await conn.execute(told)}
    assert heard[officer.id][1].startswith("3 家企业的高新技术企业证书")
    assert heard[colleague.id][1].startswith("2 家企业的高新技术企业证书")
    ladder, _ = await factories.main_ladder(conn)
    undone = await undoing.undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=at + timedelta(hours=1))
    assert undone.restored == 2
    heard = {row[0]: row for row in await conn.execute(told)}
    assert heard[officer.id][1].endswith("开平市第1有限公司（其中 2 家已随撤销的导入移除）")
    assert heard[officer.id][2:] == ("pending", None)
    assert (heard[colleague.id][2], heard[colleague.id][3] is not None) == ("withdrawn", True)
    earlier = await conn.execute(select(M.state, M.read_at).where(M.created_at == before))
    assert earlier.one() == ("pending", None)
