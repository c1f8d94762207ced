"""How a firm stands beside the policies, and how it would."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.assessments.gathering import gather
from app.assessments.telling import Teller, Told
from app.errors import Invalid, NotFound
from app.firms.queries import firm_by_uscc
from app.policy.facts import Facts
from app.policy.parsing import nested, parse_facts
from app.policy.terms import Assessment, Case
from app.web.api.answers import answer, part
from app.web.api.assessment_schemas import AssessmentList, AssessmentOut, WhatIfIn, WhatIfOut, WhatIfPair
from app.web.api.firms import Uscc
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.gap_views import day_asked
from app.web.lookups import Lookup

router = part("评估", "/firms/{uscc}/assessments")
Reader = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]


async def _facts(conn: ConnDep, uscc: str, viewer: Viewer) -> Facts:
    firm = await firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return (await gather(conn, [firm.id]))[firm.id].facts


def _chosen(told: Told, policy: str | None, lookup: Lookup) -> list[Assessment]:
    if policy is None:
        return list(told.assessments)
    one = told.of(policy)
    if one is None:
        known = "、".join(pack.policy for pack in lookup.policies.for_firms())
        raise Invalid({"policy": f"没有政策 {policy[:60]}，可用的有：{known}。"})
    return [one]


def _out(assessment: Assessment) -> AssessmentOut:
    return AssessmentOut.model_validate(assessment.to_json())


@router.get("", response_model=AssessmentList, summary="企业与各项政策的差距")
async def read(
    request: Request,
    uscc: Uscc,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    as_of: date | None = None,
    policy: Annotated[str | None, Query(max_length=60, description="政策代码，缺省为全部")] = None,
    case: Case = Case.NEW,
) -> Response:
    """Figures are never assumed here: a later day finds those of its last closed year missing."""
    facts, day = await _facts(conn, uscc, viewer), day_asked(as_of, today)
    teller: Teller = request.app.state.teller
    told = teller.tell(lookup.policies, facts, as_of=day, today=day, case=case)
    return answer(AssessmentList(items=[_out(a) for a in _chosen(told, policy, lookup)], next=None))


@router.post("/what-if", response_model=WhatIfOut, summary="试算：改几项数据，各项政策会怎样（不写入）")
async def what_if(
    request: Request,
    uscc: Uscc,
    body: WhatIfIn,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
) -> Response:
    facts, day = await _facts(conn, uscc, viewer), day_asked(body.as_of, today)
    changed = facts.set(_changes(body.changes, max(day, today)))
    teller: Teller = request.app.state.teller
    case = Case(body.case)
    before = teller.tell(lookup.policies, facts, as_of=day, today=day, case=case)
    after = teller.tell(lookup.policies, changed, as_of=day, today=day, case=case)
    pairs = zip(_chosen(before, body.policy, lookup), _chosen(after, body.policy, lookup), strict=True)
    return answer(WhatIfOut(items=[WhatIfPair(policy=a.policy, before=_out(a), after=_out(b)) for a, b in pairs]))


def _changes(changes: Mapping[str, Any], horizon: date) -> Mapping[str, Any]:
    """Raises Invalid by path; a path that names no fact is one."""
    values = parse_facts(nested(changes), horizon=horizon).values
    unknown = {
        path: "没有这样的事实。" for path in changes if not any(v == path or v.startswith(f"{path}.") for v in values)
    }
    if unknown:
        raise Invalid({f"changes.{path[:80]}": sentence for path, sentence in unknown.items()})
    return values
