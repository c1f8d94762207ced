"""A day's reminders planned for everybody, and ten thousand letters through a mail server on this machine."""

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import aiosmtplib
import orjson

from app.db import new_id
from app.outbox.deliver import AT_ONCE
from app.outbox.terms import ADDRESS
from app.sealed import seal
from tests.bench.bare import connections
from tests.bench.ground import County, free_port, keys
from tests.bench.memory import watching

RULES, LETTERS = 20, 10_000
_PLANNING_SECONDS, _LEAST_A_SECOND = 30, 200
# The house's own rules, put to work, with the next year's dates spread over eight weeks: those of the first two or
# three weeks have a step due at once, as on a busy day, and the rest are looked through.
_READY = f"""
UPDATE reminder_settings SET weekly_cap = 3;
WITH dated AS (
  SELECT id, current_date + 8 + 7 * (row_number() OVER (ORDER BY programme, batch)::int % 8) AS day FROM filing_windows
  WHERE year = extract(year FROM current_date) + 1 AND batch < 2
)
UPDATE filing_windows w SET state = 'confirmed', opens_on = d.day - 40, firm_due = d.day, review_due = d.day + 10,
  city_due = d.day + 20 FROM dated d WHERE d.id = w.id;
DELETE FROM reminder_rules WHERE id NOT IN (
  SELECT id FROM reminder_rules WHERE anchor <> 'change' ORDER BY anchor = 'window' DESC, code LIMIT {RULES});
UPDATE reminder_rules SET state = 'active';
ANALYZE;
"""
_WRITE_TO = "UPDATE contacts c SET email = n.email FROM unnest($1::uuid[], $2::text[]) n (id, email) WHERE c.id = n.id"
_LETTERS = """
INSERT INTO outbox_messages (id, dedup_key, kind, channel, payload, next_attempt_at, created_at)
SELECT n.id, 'bench:' || n.id, 'reminder', 'email', jsonb_build_object(
    'to', n.place, 'subject', '【高新技术企业认定第一批】企业提交截止，还有 10 个工作日',
    'body', repeat('请在申报系统里按时提交。', 20)),
  now() - interval '1 minute', now() - interval '1 minute' FROM unnest($1::uuid[], $2::text[]) n (id, place)
"""


async def measure_reminding(county: County, env: Mapping[str, str], *, assessed: bool) -> list[dict[str, Any]]:
    if not assessed:
        await asyncio.to_thread(_job, "reassess", env)
    async with connections(county.url, 1) as (connection,):
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM contacts WHERE is_primary")]
        await connection.execute(_WRITE_TO, ids, _sealed("contacts.email", ids))
        await connection.execute(_READY)
    first = await asyncio.to_thread(_job, "reminders", env)
    again = await asyncio.to_thread(_job, "reminders", env)
    rows = [_planned("安排一天的提醒", county, first), _planned("同一天再安排一遍", county, again)]
    return [*rows, await _letters(county, env)]


def _sealed(column: str, ids: Sequence[uuid.UUID]) -> list[str]:
    vault = keys()
    return [seal(vault, column, one, f"bench-{n}@example.invalid") for n, one in enumerate(ids)]


def _job(name: str, env: Mapping[str, str]) -> tuple[float, dict[str, Any], float]:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "run-job", name], env=dict(env), stdout=subprocess.PIPE
    )
    with watching(process.pid) as peak:
        told, _ = process.communicate(timeout=900)
    assert process.returncode == 0, told
    return time.perf_counter() - began, orjson.loads(told), peak.mb


def _planned(what: str, county: County, job: tuple[float, dict[str, Any], float]) -> dict[str, Any]:
    seconds, told, mb = job
    found = f"{RULES} 条规则 × {county.firms:,} 家，写入 {told['created']:,} 条"
    return {
        "what": f"{what}：{found}，{seconds:.1f} 秒，{mb:.0f} MB",
        "clients": 1,
        "ours_ms": seconds * 1000,
        "target": f"< {_PLANNING_SECONDS} 秒",
        "met": seconds < _PLANNING_SECONDS,
    }


async def _letters(county: County, env: Mapping[str, str]) -> dict[str, Any]:
    async with connections(county.url, 1) as (connection,):
        await connection.execute("DELETE FROM reminders; DELETE FROM outbox_messages")
        ids = [new_id() for _ in range(LETTERS)]
        await connection.execute(_LETTERS, ids, _sealed(ADDRESS, ids))
    with _post_office() as port:
        floor = await _bare(port)
        seconds, told, mb = await asyncio.to_thread(
            _job, "deliver", {**env, "TIDU_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        )
    assert told["sent"] == LETTERS, told
    rate = LETTERS / seconds
    return {
        "what": f"发出 {LETTERS:,} 封邮件，一个进程：{seconds:.1f} 秒，{mb:.0f} MB",
        "clients": AT_ONCE,
        "ours_ms": seconds * 1000,
        "ours_per_s": rate,
        "floor_per_s": floor,
        "ratio": floor / rate,
        "target": f"≥ {_LEAST_A_SECOND} 封/秒",
        "met": rate >= _LEAST_A_SECOND,
    }


async def _bare(port: int) -> float:
    """The same library, server and number of connections, with nothing kept anywhere: letters a second."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "tidu@localhost", "firm@example.invalid", "提醒"
    letter.set_content("请在申报系统里按时提交。" * 20)
    content, each = letter.as_bytes(policy=SMTP), LETTERS // 4 // AT_ONCE

    async def send() -> None:
        server = aiosmtplib.SMTP(hostname="127.0.0.1", port=port)
        await server.connect()
        for _ in range(each):
            await server.mail("tidu@localhost")
            await server.rcpt("firm@example.invalid")
            await server.data(content)
        await server.quit()

    began = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return each * AT_ONCE / (time.perf_counter() - began)


@contextmanager
def _post_office() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.post", str(port)])
    time.sleep(2)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)
