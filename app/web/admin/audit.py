"""The audit trail, for administrators and auditors."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.terms import Permission, Role, Viewer
from app.audit.paging import decode, encode, read_day
from app.audit.queries import ACTION_LABELS
from app.filings.stages import Stage
from app.firms.terms import FIELD_LABELS
from app.firms.trail import trail
from app.labels import Labelled
from app.pipeline.terms import MoveKind
from app.recognitions.terms import CertificateKind
from app.web.carrier_input import LABELS
from app.web.deps import ConnDep, LookupDep, guard
from app.web.lookups import Lookup
from app.web.templating import page
from app.work.terms import VisitKind

router = APIRouter()
PAGE = 100
_KEYS = {"tier": "梯队", "kind": "类别", "effective_on": "生效日期", "reason": "理由", "stage": "环节", "why": "依据"}
# What carriers' events say beside what their forms ask.
_OF_CARRIERS = {
    "tenant": "租户",
    "place": "房间",
    "about": "房间或团队",
    "firm": "企业",
    "title": "认定名称",
    "closed_on": "停用日期",
}
# What a record keeps as a code, by its key; a code that means nothing here is shown as it is.
_KINDS: tuple[type[Labelled], ...] = (MoveKind, CertificateKind, VisitKind)
_CODES = {
    "kind": {str(member): member.label for kinds in _KINDS for member in kinds},
    "stage": {str(member): member.label for member in Stage},
}


def _codes(lookup: Lookup) -> dict[str, dict[str, str]]:
    tiers = {tier.code: tier.label for ladder in lookup.ladders.values() for tier in ladder.tiers}
    return _CODES | {"tier": tiers, "from": tiers, "to": tiers}


@router.get("/audit")
async def audit_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.AUDIT_READ))],
    object: Annotated[str, Query(max_length=200)] = "",
    actor: Annotated[str, Query(max_length=60)] = "",
    action: Annotated[str, Query(max_length=60)] = "",
    since: Annotated[str, Query(alias="from", max_length=20)] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    after = decode(cursor) if cursor else None
    events = await trail(
        conn,
        viewer=viewer,
        object=object.strip(),
        actor=actor.strip(),
        action=action,
        since=read_day(since),
        after=after,
        limit=PAGE,
    )
    shown = events[:PAGE]
    query = {"object": object, "actor": actor, "action": action, "from": since}
    more = {k: v for k, v in query.items() if v} | {"cursor": encode(shown[-1])} if len(events) > PAGE else None
    context: dict[str, Any] = {
        "filters": query,
        "events": shown,
        "actions": [("", "全部"), *sorted(ACTION_LABELS.items(), key=lambda a: a[1])],
        "role_labels": {r.value: r.label for r in Role},
        "field_labels": {**LABELS, **_OF_CARRIERS, **_KEYS, **FIELD_LABELS},
        "codes": _codes(lookup),
        "next_href": f"/audit?{urlencode(more)}" if more else None,
    }
    return page(request, "audit/list.html", title="审计记录", **context)
