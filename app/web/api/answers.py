"""JSON answers, written once by pydantic and sent as they are."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from app.assessments.terms import KeptAnswer
from app.firms.nearness import OUT_OF_REACH
from app.web.api.schemas import AnswerOut, Problem
from app.web.routing import Router

_PROBLEM: dict[str, Any] = {"model": Problem, "content": {"application/problem+json": {}}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {**_PROBLEM, "description": "没有登录，或令牌已失效"},
    403: {**_PROBLEM, "description": "角色没有这项权限"},
    404: {**_PROBLEM, "description": "没有，或不在管辖范围内"},
    409: {**_PROBLEM, "description": "条件不满足，或被他人抢先"},
    412: {**_PROBLEM, "description": "If-Match 已过时"},
    422: {**_PROBLEM, "description": "填写有误，逐项说明"},
    428: {**_PROBLEM, "description": "修改须带 If-Match"},
    429: {**_PROBLEM, "description": "太频繁；Retry-After 是要等的秒数"},
    503: {**_PROBLEM, "description": "数据库暂时连不上"},
}


def part(tag: str, prefix: str = "") -> Router:
    """Of the API: routes of one tag, below one address."""
    return Router(prefix=f"/api/v1{prefix}", tags=[tag], responses=_PROBLEMS)


def kept_answer(found: KeptAnswer | None) -> AnswerOut | None:
    if found is None:
        return None
    measured = found.shortfall is not None and found.shortfall < OUT_OF_REACH
    shortfall = f"{found.shortfall:f}" if measured else None
    return AnswerOut(
        policy=found.policy,
        outcome=found.outcome.value,
        missed=found.missed,
        lacking=found.lacking,
        shortfall=shortfall,
    )


def answer(body: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        body.model_dump_json(by_alias=True),
        status_code=status,
        media_type="application/json",
        headers=dict(headers or {}),
    )
