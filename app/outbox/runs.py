"""The run ledger: what the unattended jobs did, how long it took, and when each last ran."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import Conn, new_id
from app.labels import Labelled
from app.outbox.models import Heartbeat, JobRun, OutboxMessage
from app.outbox.terms import MessageState

PAGE = 50
WORKER, LEADER = "worker", "leader"
_JOB = "job:"


class RunOutcome(Labelled):
    DONE = "done", "完成"
    FAILED = "failed", "出错"
    MISSED = "missed", "错过"


# What people read for a job, and how often it is its turn.
JOB_WORDS: Mapping[str, tuple[str, str]] = {
    "deliver": ("发送消息", "每 5 秒"),
    "reminders": ("安排提醒", "每小时 12 分"),
    "open-windows": ("开关申报窗口", "每小时 07 分"),
    "reassess": ("全部企业重新评估", "每天 02:10"),
    "reconcile": ("核对载体名单与企业登记", "每天 01:40"),
    "tidy": ("清理过期登录记录", "每小时 17 分"),
    "fold-counts": ("合并看板计数", "每 5 分钟"),
    "imports": ("处理导入", "每秒"),
    "assess-changed": ("评估有变化的企业", "每 2 秒"),
    "bulk": ("批量办理", "每秒"),
    "policy-impacts": ("计算政策影响", "每 2 秒"),
    "scan-files": ("上传文件查毒", "每分钟"),
    "watch": ("停滞告诉局领导，关注企业的证书到期", "工作日 08:40"),
    "clear-files": ("清理没有归属的文件", "每天 03:40"),
    "heartbeat": ("心跳", "每 15 秒"),
    "seal-audit": ("封存审计记录", "每 5 秒"),
    "verify-audit": ("核对审计记录，删去保存期已满的", "每天 04:20"),
    "digests": ("编制并发出周报", "工作日周一 08:30，每小时看一次"),
}


@dataclass(frozen=True, slots=True)
class Run:
    id: uuid.UUID
    job: str
    at: datetime
    finished_at: datetime | None
    outcome: RunOutcome
    detail: Mapping[str, Any]
    seconds: float | None

    @property
    def label(self) -> str:
        return JOB_WORDS.get(self.job, (self.job, ""))[0]


async def note_run(
    conn: Conn,
    job: str,
    *,
    at: datetime,
    finished_at: datetime,
    outcome: RunOutcome,
    detail: Mapping[str, Any],
    seconds: float,
) -> None:
    row = {"id": new_id(), "job": job, "started_at": at, "finished_at": finished_at, "outcome": outcome.value}
    await conn.execute(insert(JobRun).values(**row, detail=dict(detail), seconds=round(seconds, 3)))


async def beat(conn: Conn, name: str, *, at: datetime) -> None:
    row = upsert(Heartbeat).values(name=name, at=at)
    await conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": row.excluded.at}))


async def mark(conn: Conn, job: str, *, at: datetime) -> None:
    """That it was this job's turn: what a new leader finds missing it makes up for."""
    await beat(conn, _JOB + job, at=at)


async def marks(conn: Conn) -> dict[str, datetime]:
    rows = await conn.execute(select(Heartbeat.name, Heartbeat.at).where(Heartbeat.name.startswith(_JOB)))
    return {name.removeprefix(_JOB): at for name, at in rows}


async def heartbeats(conn: Conn) -> dict[str, datetime]:
    rows = await conn.execute(select(Heartbeat.name, Heartbeat.at).where(~Heartbeat.name.startswith(_JOB)))
    return {name: at for name, at in rows}


async def runs(
    conn: Conn, *, job: str = "", after: tuple[datetime, uuid.UUID] | None = None, limit: int = PAGE
) -> list[Run]:
    """Newest first, one more than `limit`."""
    r = JobRun
    query = select(r.id, r.job, r.started_at, r.finished_at, r.outcome, r.detail, r.seconds)
    if job:
        query = query.where(r.job == job)
    if after:
        query = query.where(tuple_(r.started_at, r.id) < after)
    query = query.order_by(r.started_at.desc(), r.id.desc()).limit(limit + 1)
    return [
        Run(i, name, at, finished, RunOutcome(outcome), detail or {}, seconds)
        for i, name, at, finished, outcome, detail, seconds in await conn.execute(query)
    ]


async def forget_runs(conn: Conn, *, before: datetime) -> int:
    return (await conn.execute(delete(JobRun).where(JobRun.started_at < before))).rowcount


async def unsent(conn: Conn) -> dict[MessageState, int]:
    """What waits and what is dead: what somebody on watch wants to know."""
    watched = [MessageState.PENDING, MessageState.DEAD]
    query = select(OutboxMessage.state, func.count()).where(OutboxMessage.state.in_([s.value for s in watched]))
    found = {MessageState(state): n for state, n in await conn.execute(query.group_by(OutboxMessage.state))}
    return {state: found.get(state, 0) for state in watched}
