"""Editing a reminder rule and the texts; each is looked at again before it reaches anybody."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Form, Path, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Invalid, NotFound, Refused, Stale
from app.reminders import service
from app.reminders.queries import current_templates, rule_by_id, sender, templates_of
from app.reminders.rules import fill, parties_for, text_problems
from app.reminders.terms import FIELDS, Anchor, Audience, DayUnit, Rule
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.htmx import see_other
from app.web.reminder_input import LABELS, TEXTS, read_rule, read_texts, rule_values, typed_values
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.REMINDER_READ))]
Formed = Annotated[Viewer, Depends(guard(Permission.REMINDER_KEEP))]
Keeper = Annotated[Actor, Depends(acting(Permission.REMINDER_KEEP))]
Code = Annotated[str, Path(max_length=60)]
# What a preview of a text fills in; every value says that it is one.
_EXAMPLE = {
    "企业": "开平市示例机械有限公司",
    "事项": "2027 年高新技术企业认定第一批",
    "环节": "企业提交截止",
    "日期": "2027-06-25 17:00",
    "剩余": "还有 14 天（10 个工作日）",
    "差距": "差 1 项",
    "原因": "差一点达标",
    "依据": "通知的文号",
    "原日期": "2027-06-20",
    "家数": "12",
    "名单": "开平市示例机械有限公司、开平市示例五金有限公司等",
}


async def _raw(request: Request) -> tuple[dict[str, str], list[str]]:
    form = await request.form(max_fields=80, max_files=0)
    return (
        {k: v for k, v in form.items() if isinstance(v, str)},
        [v for v in form.getlist("audience") if isinstance(v, str)],
    )


async def _rule(conn: ConnDep, rule_id: uuid.UUID) -> Rule:
    rule = await rule_by_id(conn, rule_id)
    if rule is None:
        raise NotFound("没有这条提醒规则。")
    if rule.anchor is Anchor.CHANGE:
        raise Refused("日期变更通知没有可改的规则，只能改文字。")
    return rule


@router.get("/reminders/{rule_id}/edit")
async def edit_form(request: Request, rule_id: uuid.UUID, conn: ConnDep, _: Formed) -> Response:
    rule = await _rule(conn, rule_id)
    return await _edit_page(request, conn, rule, rule_values(rule), rule.version)


@router.post("/reminders/{rule_id}/edit")
async def edit(
    request: Request,
    rule_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Keeper,
    expected: Annotated[int, Form()] = 0,
) -> Response:
    rule = await _rule(conn, rule_id)
    raw, audience = await _raw(request)
    try:
        entry = read_rule(raw, audience, anchor=rule.anchor)
        await service.edit_rule(conn, rule_id, entry, expected=expected, by=actor, at=clock.now())
    except (Invalid, Stale) as error:
        version = rule.version if isinstance(error, Stale) else expected
        return await _edit_page(request, conn, rule, typed_values(raw, audience), version, error)
    return see_other(request, f"/reminders/{rule_id}", "已保存；请看过预览再启用")


async def _edit_page(
    request: Request,
    conn: ConnDep,
    rule: Rule,
    values: Mapping[str, Any],
    version: int,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        "rule": rule,
        "values": values,
        "expected": version,
        "audiences": [(a.value, a.label) for a in Audience],
        "parties": [(party.value, party.label) for party in parties_for(rule.anchor)],
        "units": DayUnit.options(),
        "templates": [(t.code, t.title) for t in await current_templates(conn)],
        **_faults(error),
    }
    status = error.status if error else 200
    return page(request, "officer/reminders/edit.html", title=f"编辑 {rule.title}", status=status, **context)


def _faults(error: AppError | None) -> dict[str, Any]:
    faults = error.fields if isinstance(error, Invalid) else {}
    return {
        "faults": faults,
        "errors": [(field, LABELS.get(field, ""), said) for field, said in faults.items()],
        "sentence": error.sentence if error and not faults else "",
    }


@router.get("/reminders/texts/{code}")
async def text_page(request: Request, code: Code, conn: ConnDep, viewer: Reader) -> Response:
    return await _text_page(request, conn, code, viewer)


@router.post("/reminders/texts/{code}")
async def edit_text(
    request: Request,
    code: Code,
    conn: ConnDep,
    clock: ClockDep,
    actor: Keeper,
    expected: Annotated[int, Form()] = 0,
    act: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Shown filled in first; kept with the second button."""
    raw, _ = await _raw(request)
    try:
        texts = read_texts(raw)
        if act != "save":
            if wrong := text_problems(texts):
                raise Invalid(wrong)
            return await _text_page(request, conn, code, actor.viewer, typed=texts, expected=expected)
        version = await service.edit_template(conn, code, texts, expected=expected, by=actor, at=clock.now())
    except (Invalid, Stale) as error:
        typed = {name: raw.get(name, "") for name in TEXTS}
        kept = None if isinstance(error, Stale) else expected
        return await _text_page(request, conn, code, actor.viewer, typed=typed, expected=kept, error=error)
    return see_other(request, f"/reminders/texts/{code}", f"已保存为第 {version} 版，此后的提醒用它")


async def _text_page(
    request: Request,
    conn: ConnDep,
    code: str,
    viewer: Viewer,
    *,
    typed: Mapping[str, str] | None = None,
    expected: int | None = None,
    error: AppError | None = None,
) -> Response:
    versions = await templates_of(conn, code)
    if not versions:
        raise NotFound("没有这份提醒文字。")
    current = versions[0]
    values = typed or {name: getattr(current, name) for name in TEXTS}
    example = _EXAMPLE | await sender(conn)
    context: dict[str, Any] = {
        "template": current,
        "versions": versions,
        "values": values,
        "labels": TEXTS,
        "expected": expected or current.version,
        "fields": FIELDS,
        "shown": {name: fill(text, example) for name, text in values.items()},
        "unsaved": typed is not None and error is None,
        "may_keep": viewer.may(Permission.REMINDER_KEEP),
        **_faults(error),
    }
    status = error.status if error else 200
    return page(request, "officer/reminders/text.html", title=f"提醒文字：{current.title}", status=status, **context)
