"""What the specification says beyond what the framework reads from signatures: sign-in, filters, keys, examples."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from app.firms.terms import Near
from app.web.api import (
    carrier_examples,
    collection_examples,
    entry_examples,
    examples,
    figure_examples,
    firm_plan_schemas,
    plan_examples,
    readiness_examples,
    stay_examples,
    work_examples,
)


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    shape = {"type": "string", "maxLength": 60} | schema
    return {"name": name, "in": "query", "required": False, "description": description, "schema": shape}


EXAMPLES = (
    examples.EXAMPLES
    | work_examples.EXAMPLES
    | figure_examples.EXAMPLES
    | plan_examples.EXAMPLES
    | carrier_examples.EXAMPLES
    | entry_examples.EXAMPLES
    | readiness_examples.EXAMPLES
    | collection_examples.EXAMPLES
    | stay_examples.EXAMPLES
    | firm_plan_schemas.EXAMPLES
)
# The one filter that list, board and export share; see app/web/filters.py.
FILTERED: dict[str, Any] = {
    "parameters": [
        _query("q", "名称片段（两个字起）、拼音首字母、信用代码、联系人、电话或证书编号"),
        _query("tier", "梯队代码；none 为未入梯队"),
        _query("region", "行政区划代码前缀，如 440783117", maxLength=12),
        _query("officer", "责任专员的编号；none 为未分配"),
        _query("status", "active（缺省）、moved_out、deregistered、merged、all"),
        _query("park", "园区名称"),
        _query("direction", "技术方向代码"),
        _query("stale", "1：只要停滞的", enum=["1", "true", "on"]),
        _query("stale_by", "一天：只要到那天还没有人联系就算停滞的", format="date"),
        _query("touch_by", "一天：只要约定联系日不晚于那天的；须能看内部记录", format="date"),
        _query("overridden", "1：只要越过条件进入现在这一级的；须能看内部记录", enum=["1", "true", "on"]),
        _query("tag", "标签"),
        _query("policy", "称号或政策代码：只要它适用的企业，并附上评估结果"),
        _query(
            "near",
            "与 policy 同用：met 已达标，1 至 3 最多差几项（明年也补不上的不算），data 只缺数据，manual 待人判断；"
            "后三种不含已有该证书、已在该梯队或更高一级的",
            enum=[*Near],
        ),
        _query("within", "与 near=1、2、3 同用：每一项差距不超过要求的百分之几", pattern="^([1-9][0-9]?|100)$"),
    ]
}
KEYED: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "同一个键只办一次；重复的请求得到第一次的回答（响应头 Idempotent-Replay: true）",
            "schema": {"type": "string", "maxLength": 255},
        }
    ]
}


def complete(app: FastAPI) -> None:
    """Wraps the framework's own description; it is made once, when somebody first asks."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        spec = plain()
        parts = spec["components"]
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "令牌由 tidu token LOGIN 发放，只显示一次"}
        }
        spec["security"] = [{"bearer": []}]
        for name, example in EXAMPLES.items():
            parts["schemas"][name]["example"] = example
        return spec

    app.openapi = described  # type: ignore[method-assign]
