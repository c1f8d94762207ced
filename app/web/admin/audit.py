"""The audit trail: an auditor's to read and to take along; of accounts and signing in an administrator's, too."""

import csv
import io
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Query, Request, Response

from app.access.denials import ALARM
from app.access.sight import SeenBy
from app.access.terms import ACTED_AS, Actor, Permission, Power, Viewer
from app.audit.paging import decode, encode, folded, read_day
from app.audit.queries import Event
from app.audit.service import event_row, record
from app.audit.words import actions_by_area
from app.clock import BUSINESS_ZONE
from app.db import Conn, Database
from app.filings.stages import Stage
from app.firms.denials import DAYS, MOST, refused
from app.firms.terms import FIELD_LABELS
from app.firms.trail import trail
from app.labels import Labelled
from app.pipeline.terms import MoveKind
from app.recognitions.terms import CertificateKind
from app.sheets.writing import harmless
from app.web.carrier_input import LABELS
from app.web.deps import ClockDep, ConnDep, DatabaseDep, LookupDep, TodayDep, acting, guard
from app.web.downloads import CSV, streamed
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page
from app.work.terms import VisitKind

router = Router()
PAGE, _READS = 100, 4
_PIECE = 500
_TITLES = (
    *("编号", "时间", "经办人", "角色", "做了什么", "动作代码", "对象类型", "对象编号", "对象"),
    *("成功", "改前", "改后", "来自", "会话", "请求编号"),
)
_KEYS = {
    "tier": "梯队",
    "kind": "类别",
    "effective_on": "生效日期",
    "reason": "理由",
    "late": "为什么现在才登记",
    "stage": "环节",
    "why": "依据",
    "from": "从",
    "to": "到",
    "kept": "保留的企业",
    "gone": "并入的企业",
    "one": "一家",
    "other": "另一家",
    "number": "编号",
    "source": "来源",
    "year": "年度",
    "sha256": "文件内容的校验值",
    "import": "导入批次",
    "size": "字节数",
    "count": "条数",
    "filter": "筛选条件",
    "stale_days": "停滞工作日",
    "escalate_days": "告诉局领导的工作日",
    "expected_months": "培育期（月）",
    "program": "给哪个程序用",
    "days": "有效天数",
    "read_only": "只读",
    "role": "角色",
    "power": "职权",
    "scope": "管辖范围",
    "valid_until": "到期日",
    "carrier": "载体",
    "logins": "账号",
    "rows": "行数",
    "period": "期间",
    "problems": "问题",
    "counts": "各处条数",
    "wait": "要等的秒数",
    "factor": "第二步",
    "new_device": "新设备",
    "sessions": "结束的登录",
    "sessions_ended": "结束的登录",
    "factor_roles": "必须两步验证的角色",
    "one_session": "一个账号一处登录",
    "profile": "口令要求",
    "form": "格式",
}
# What carriers' events say beside what their forms ask.
_OF_CARRIERS = {
    "tenant": "租户",
    "place": "房间",
    "into": "并到",
    "about": "房间或团队",
    "firm": "企业",
    "title": "认定名称",
    "closed_on": "停用日期",
    "clock_since": "孵化起算日",
}
# What a record keeps as a code, by its key; a code that means nothing here is shown as it is.
_KINDS: tuple[type[Labelled], ...] = (MoveKind, CertificateKind, VisitKind)
_CODES = {
    "kind": {str(member): member.label for kinds in _KINDS for member in kinds},
    "stage": {str(member): member.label for member in Stage},
    "role": ACTED_AS,
    "power": {str(power): power.label for power in Power},
    "factor": {"totp": "验证码", "recovery": "恢复码"},
}


def _labels(event: Event) -> dict[str, str]:
    """A firm's name is 企业名称, a carrier's or a platform's is not; a file is on something, a visit on a day."""
    labels = {**LABELS, **_OF_CARRIERS, **_KEYS, **FIELD_LABELS}
    labels |= {"people": "联系人"} if event.object_type == "firm" else {"name": LABELS["name"]}
    return labels | ({"on": "附在"} if event.action.startswith("file:attachment:") else {})


def _about(event: Event) -> str:
    """Of a carrier's event the tenant: on one page all its lines bear the carrier's name."""
    said = event.after if event.object_type == "carrier" and event.after else {}
    return next((str(said[key]) for key in ("tenant", "firm", "about") if said.get(key)), "")


def _plain(value: Any, labels: Mapping[str, str]) -> str:
    """What is kept in parts, as one would say it."""
    if isinstance(value, Mapping):
        return "；".join(f"{labels.get(k, k)}：{_plain(v, labels)}" for k, v in value.items())
    if isinstance(value, list):
        return "、".join(_plain(part, labels) for part in value) or "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    return "（空）" if value is None or value == "" else str(value)


def _codes(lookup: Lookup) -> dict[str, dict[str, str]]:
    tiers = {tier.code: tier.label for ladder in lookup.ladders.values() for tier in ladder.tiers}
    officers = {str(user_id): officer.name for user_id, officer in lookup.officers.items()}
    return _CODES | {"tier": tiers, "from": tiers, "to": tiers, "officer_id": officers}


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of the trail is wanted."""

    object: str
    actor: str
    action: str
    since: date | None
    until: date | None

    @property
    def every(self) -> dict[str, str]:
        first, last = (day.isoformat() if day else "" for day in (self.since, self.until))
        return {"object": self.object, "actor": self.actor, "action": self.action, "from": first, "to": last}

    @property
    def said(self) -> dict[str, str]:
        """As an address carries it, without what was not asked."""
        return {name: value for name, value in self.every.items() if value}


async def asked(
    object: Annotated[str, Query(max_length=200)] = "",
    actor: Annotated[str, Query(max_length=60)] = "",
    action: Annotated[str, Query(max_length=60)] = "",
    since: Annotated[str, Query(alias="from", max_length=20)] = "",
    until: Annotated[str, Query(alias="to", max_length=20)] = "",
) -> Asked:
    first, last = read_day(since), read_day(until)
    if first and last and first > last:  # the wrong way round they mean the same
        first, last = last, first
    return Asked(object.strip(), actor.strip(), action, first, last)


AskedDep = Annotated[Asked, Depends(asked)]


async def _asked_for(
    conn: Conn, viewer: Viewer, wanted: Asked, after: tuple[datetime, uuid.UUID] | None, *, limit: int
) -> Sequence[Event]:
    return await trail(
        conn,
        viewer=viewer,
        object=wanted.object,
        actor=wanted.actor,
        action=wanted.action,
        since=wanted.since,
        until=wanted.until,
        after=after,
        limit=limit,
    )


async def _lines_of(
    conn: Conn, viewer: Viewer, wanted: Asked, after: tuple[datetime, uuid.UUID] | None
) -> tuple[list[tuple[Event, list[Event]]], Event | None]:
    """A page of lines, and the event after which there are more: what is folded makes room for what came before it."""
    events: list[Event] = []
    for _ in range(_READS):
        found = await _asked_for(conn, viewer, wanted, after, limit=PAGE)
        events += found[:PAGE]
        lines = folded(events)
        if len(found) <= PAGE:
            return lines, None
        after = (events[-1].at, events[-1].id)
        if len(lines) >= PAGE // 2:
            break
    return lines, events[-1]


@router.get("/audit")
async def audit_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.ACCOUNT_TRAIL))],
    wanted: AskedDep,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    lines, last = await _lines_of(conn, viewer, wanted, decode(cursor) if cursor else None)
    more = wanted.said | {"cursor": encode(last)} if last else None
    context: dict[str, Any] = {
        "filters": wanted.every,
        "export_action": f"/audit/export.csv?{urlencode(wanted.said)}",
        "lines": lines,
        "actions": actions_by_area(),
        "role_labels": ACTED_AS,
        "labels_of": _labels,
        "about": _about,
        "plain": _plain,
        "codes": _codes(lookup),
        "whole": viewer.may(Permission.AUDIT_READ),
        "may_denials": viewer.may(Permission.DENIAL_READ),
        "next_href": f"/audit?{urlencode(more)}" if more else None,
    }
    return page(request, "audit/list.html", title="审计记录", **context)


@router.get("/audit/denials")
async def denials_page(
    request: Request, conn: ConnDep, clock: ClockDep, viewer: Annotated[Viewer, Depends(guard(Permission.DENIAL_READ))]
) -> Response:
    found = await refused(conn, viewer=viewer, at=clock.now())
    context: dict[str, Any] = {"refused": found, "days": DAYS, "alarm": ALARM, "most": MOST}
    return page(request, "audit/denials.html", title="被拒绝的访问", **context)


@router.post("/audit/export.csv")
async def export(
    conn: ConnDep,
    database: DatabaseDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Annotated[Actor, Depends(acting(Permission.AUDIT_READ))],
    wanted: AskedDep,
) -> Response:
    """What the page shows of it, all of it. That it was taken along is written down before the first byte leaves."""
    event = event_row(
        "audit:trail:exported",
        by=actor,
        at=clock.now(),
        object_type="audit",
        object_id="trail",
        object_label="审计记录",
        after={"filter": wanted.said, "form": "csv"},
    )
    await record(conn, event)
    return streamed(_lines(SeenBy(database, actor.viewer), actor.viewer, wanted), f"审计记录-{today}.csv", CSV)


async def _lines(database: Database, viewer: Viewer, wanted: Asked) -> AsyncIterator[bytes]:
    yield "\ufeff".encode() + _written([_TITLES])
    after = None
    while True:
        async with database.reading() as conn:
            events = await _asked_for(conn, viewer, wanted, after, limit=_PIECE)
        yield _written([_cells(event) for event in events[:_PIECE]])
        if len(events) <= _PIECE:
            return
        after = (events[_PIECE - 1].at, events[_PIECE - 1].id)


def _cells(e: Event) -> tuple[str, ...]:
    images = (orjson.dumps(image).decode() if image is not None else "" for image in (e.before, e.after))
    role = ACTED_AS.get(e.actor_role, e.actor_role)
    when = e.at.astimezone(BUSINESS_ZONE).isoformat()
    what = (e.label, e.action, e.object_type, e.object_id, e.object_label, "是" if e.succeeded else "否")
    return (str(e.number), when, e.actor_name, role, *what, *images, e.ip, e.session_id, e.request_id)


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
