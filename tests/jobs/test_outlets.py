"""Group robots and web hooks, against a real server on this machine: signed, paced, judged by their own answer."""

import base64
import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert, select

from app.audit.models import AuditEvent
from app.db import new_id
from app.firms.terms import ContactDetails
from app.outbox import fetching
from app.outbox.channels import Channels
from app.outbox.claiming import OUTLET_PAUSE
from app.outbox.deliver import LAST_ATTEMPT, deliver
from app.outbox.fetching import Poster, Unsafe, is_outside
from app.outbox.models import OutboxMessage, Outlet
from app.outbox.robots import cut
from app.reminders.jobs import plan_reminders
from tests import factories
from tests.harness import NOON, settings_for


class Group:
    """What was posted, and the answers to give: (status, headers, body)."""

    def __init__(self):
        self.got, self.answers, self.url = [], [], ""

    def texts(self):
        return [json.loads(body) for _, _, body in self.got]


@contextmanager
def listening(group):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            group.got.append((self.path, dict(self.headers), body))
            status, headers, said = group.answers.pop(0) if group.answers else (200, {}, b'{"errcode": 0}')
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for part in [said] if isinstance(said, bytes) else said:
                    self.wfile.write(part)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    group.url = f"http://127.0.0.1:{server.server_port}/robot?access_token=abc"
    try:
        yield group
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def group():
    with listening(Group()) as opened:
        yield opened


@pytest.fixture
def mail(tmp_path):
    return Channels(settings_for("", data=tmp_path), poster=Poster(inside=True))


async def outlet(conn, group, channel="dingtalk", secret="SEC-and-long-enough"):
    row = {"id": new_id(), "channel": channel, "title": "工作群", "address": group.url, "secret": secret}
    await conn.execute(insert(Outlet).values(**row, next_free_at=NOON, created_at=NOON))
    return row["id"]


async def message(conn, outlet_id, channel="dingtalk", text="12 家企业还没有提交", at=NOON):
    made = new_id()
    row = {"id": made, "dedup_key": str(made), "kind": "reminder", "channel": channel, "next_attempt_at": at}
    payload = {"outlet": str(outlet_id), "subject": text}
    await conn.execute(insert(OutboxMessage).values(**row, payload=payload, created_at=at))
    return made


async def state(conn, made):
    m = OutboxMessage
    return (await conn.execute(select(m.state, m.attempts, m.answer, m.next_attempt_at).where(m.id == made))).one()


def signed(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


async def test_dingtalk_finds_the_sign_it_computes_itself(conn, database, group, mail):
    made = await message(conn, await outlet(conn, group))
    await deliver(database, at=NOON, mail=mail)
    path, _, _ = group.got[0]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert asked["access_token"] == "abc"
    assert asked["sign"] == signed("SEC-and-long-enough", f"{asked['timestamp']}\nSEC-and-long-enough")
    assert abs(int(asked["timestamp"]) / 1000 - time.time()) < 60
    assert group.texts() == [{"msgtype": "text", "text": {"content": "12 家企业还没有提交"}}]
    assert (await state(conn, made)).state == "sent"


async def test_feishu_finds_its_sign_in_the_body_and_says_code_and_not_errcode(conn, database, group, mail):
    made = await message(conn, await outlet(conn, group, "feishu"), "feishu")
    group.answers = [(200, {}, b'{"code": 19021, "msg": "sign match fail"}'), (200, {}, b'{"code": 0}')]
    await deliver(database, at=NOON, mail=mail)
    failed = await state(conn, made)
    assert (failed.state, failed.attempts) == ("pending", 1)
    assert "19021 sign match fail" in failed.answer
    await deliver(database, at=failed.next_attempt_at + OUTLET_PAUSE, mail=mail)
    assert (await state(conn, made)).state == "sent"
    said = group.texts()[0]
    assert said["sign"] == signed(f"{said['timestamp']}\nSEC-and-long-enough", "")
    assert said["content"] == {"text": "12 家企业还没有提交"}


@pytest.mark.parametrize("answer", [b'{"errcode": 45009, "errmsg": "api freq out of limit"}', b"<html>", b"[]", b"{}"])
async def test_two_hundred_with_anything_but_zero_is_a_failure_and_given_up_in_the_end(
    conn, database, group, mail, answer
):
    made = await message(conn, await outlet(conn, group, "wecom"), "wecom")
    group.answers = [(200, {}, answer)] * LAST_ATTEMPT
    at = NOON
    for _ in range(LAST_ATTEMPT):
        await deliver(database, at=at, mail=mail)
        at = (await state(conn, made)).next_attempt_at + OUTLET_PAUSE
    assert (await state(conn, made))[:2] == ("dead", LAST_ATTEMPT)
    assert at - NOON > timedelta(hours=24), "a receiver that is away for a day has missed nothing"


def test_a_text_is_cut_between_characters_within_the_bytes_a_group_takes():
    said = cut("科" * 1000, 2048)
    assert len(said.encode()) <= 2048
    assert said == "科" * 681 + "…"
    assert cut("科", 3) == "科"


async def test_a_hook_can_check_who_sent_it_and_knows_a_repeat_by_its_id(conn, database, group, mail):
    made = await message(conn, await outlet(conn, group, "webhook"), "webhook")
    group.answers = [(503, {}, b""), (204, {}, b"")]
    await deliver(database, at=NOON, mail=mail)
    await deliver(database, at=(await state(conn, made)).next_attempt_at + OUTLET_PAUSE, mail=mail)
    assert (await state(conn, made)).state == "sent"
    assert len(group.got) == 2
    for _, headers, body in group.got:
        assert headers["X-Tidu-Delivery"] == str(made) == json.loads(body)["id"]
        right = hmac.new(b"SEC-and-long-enough", headers["X-Tidu-Timestamp"].encode() + b"." + body, hashlib.sha256)
        assert headers["X-Tidu-Signature"] == f"sha256={right.hexdigest()}"


async def test_a_redirect_is_not_followed_and_what_is_refused_is_not_asked_again(conn, database, group, mail):
    for status, headers in ((302, {"Location": group.url}), (307, {"Location": group.url}), (404, {}), (410, {})):
        made = await message(conn, await outlet(conn, group, "webhook"), "webhook")
        group.got, group.answers = [], [(status, headers, b"")]
        await deliver(database, at=NOON, mail=mail)
        assert (await state(conn, made))[:3] == ("dead", 1, f"HTTP {status}")
        assert len(group.got) == 1


async def test_who_says_when_to_come_again_is_not_asked_before(conn, database, group, mail):
    made = await message(conn, await outlet(conn, group, "webhook"), "webhook")
    group.answers = [(429, {"Retry-After": "7200"}, b"")]
    await deliver(database, at=NOON, mail=mail)
    waiting = await state(conn, made)
    assert waiting.state == "pending"
    assert waiting.next_attempt_at >= NOON + timedelta(hours=2)


async def test_an_answer_without_end_and_one_that_never_comes_are_left(conn, database, group, mail, monkeypatch):
    def endless():
        while True:
            yield b"x" * 65536

    made = await message(conn, await outlet(conn, group, "webhook"), "webhook")
    group.answers = [(200, {}, endless())]
    began = time.monotonic()
    await deliver(database, at=NOON, mail=mail)
    assert (await state(conn, made)).state == "sent"
    assert time.monotonic() - began < 5
    monkeypatch.setattr(fetching, "SECONDS", 1)
    slow = await message(conn, await outlet(conn, group, "webhook"), "webhook")

    def never():
        time.sleep(4)
        yield b""

    group.answers = [(200, {}, never())]
    await deliver(database, at=NOON + OUTLET_PAUSE, mail=mail)
    assert (await state(conn, slow)).state in ("pending", "sent")
    assert time.monotonic() - began < 10


INSIDE = ["127.0.0.1", "10.1.2.3", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1"]
INSIDE += ["::ffff:10.1.2.3", "::7f00:1", "64:ff9b::10.1.2.3", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:0:0:1::"]
INSIDE += ["fe80::1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"]


@pytest.mark.parametrize("host", ["localhost", *(f"[{one}]" if ":" in one else one for one in INSIDE)])
async def test_nothing_inside_is_ever_posted_to(host):
    with pytest.raises(Unsafe):
        await Poster().post(f"http://{host}:9/hook", b"{}", {})


@pytest.mark.parametrize("place", ["203.0.114.9", "2400:3200::1", "64:ff9b::203.0.114.9", "::ffff:203.0.114.9"])
def test_what_is_outside_is_posted_to_whichever_way_its_address_is_written(place):
    assert is_outside(place)


async def test_a_group_hears_no_more_than_fifteen_a_minute_however_many_workers(conn, database, group, mail):
    robot = await outlet(conn, group)
    for n in range(20):
        await message(conn, robot, text=f"第 {n} 条")
    for second in range(60):
        for _ in range(2):
            await deliver(database, at=NOON + timedelta(seconds=second), mail=mail)
    assert len(group.got) == 15


async def test_a_robot_that_was_disabled_is_not_posted_to(conn, database, group, mail):
    robot = await outlet(conn, group)
    made = await message(conn, robot)
    await conn.execute(Outlet.__table__.update().values(active=False))
    await deliver(database, at=NOON, mail=mail)
    assert (await state(conn, made))[:2] == ("dead", 1)
    assert group.got == []


async def test_the_group_is_told_once_how_many_and_until_when_and_nothing_of_a_firm(conn, database, group, mail):
    await outlet(conn, group)
    officer = await factories.person(conn, "officer")
    await factories.window(conn, "hnte", 2027, 1, firm_due=date(2026, 11, 27))
    for n in range(3):
        contacts = [ContactDetails("王五", "13800000001", "财务", "wang@example.invalid")]
        uscc = await factories.firm(conn, f"开平市机密{n}有限公司", contacts=contacts, officer_id=officer.id)
        await factories.answer(conn, uscc, "met")
    await factories.active_rule(conn, "hnte_due")
    for _ in range(2):
        await plan_reminders(database, at=NOON)
    await deliver(database, at=NOON, mail=mail)
    (said,) = group.texts()
    assert said["text"]["content"] == (
        "【提醒】2027 年高新技术企业认定第一批企业提交截止 2026-11-27，还有 4 天（4 个工作日）："
        "3 家企业还没有办结，请登录系统看名单。"
    )


async def test_an_administrator_adds_tests_and_disables_one_and_nobody_reads_its_secret_again(conn, client_as):
    admin = await client_as("admin")
    good = {
        "channel": "dingtalk",
        "title": "科技股工作群",
        "address": "https://oapi.dingtalk.com/robot/send?access_token=opensesame",
        "secret": "SECopensesame",
    }
    for field, wrong, said in (
        ("channel", "pigeon", "请选择种类"),
        ("title", "", "请填写名称"),
        ("address", "http://oapi.dingtalk.com/robot", "https://"),
        ("address", "https://oapi.dingtalk.com.evil.example/robot", "应在 oapi.dingtalk.com 上"),
        ("address", "https://oapi.dingtalk.com@evil.example/robot", "https://"),
    ):
        answer = await admin.post("/admin/outlets", data={**good, field: wrong})
        assert (answer.status_code, said in answer.text) == (422, True), (field, wrong)
        assert "SECopensesame" not in answer.text
    unsigned = await admin.post("/admin/outlets", data={**good, "channel": "webhook", "secret": "short"})
    assert unsigned.status_code == 422
    assert (await admin.post("/admin/outlets", data=good)).status_code == 303
    page = await admin.get("/admin/outlets")
    assert "科技股工作群" in page.text
    assert "opensesame" not in page.text
    (made,) = (await conn.execute(select(Outlet.id))).scalars()
    assert (await admin.post(f"/admin/outlets/{made}/test")).status_code == 303
    kinds = select(OutboxMessage.kind).where(OutboxMessage.channel == "dingtalk")
    assert (await conn.execute(kinds)).scalars().all() == ["outlet_test"]
    assert (await admin.post(f"/admin/outlets/{made}/disable")).status_code == 303
    assert (await admin.post(f"/admin/outlets/{made}/test")).status_code == 409
    trail = (await conn.execute(select(AuditEvent.__table__).where(AuditEvent.object_type == "outlet"))).all()
    assert len(trail) == 3
    assert "opensesame" not in str(trail)
