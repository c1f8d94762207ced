"""A draft's conditions and worked examples: each is a form of its own; they come, go and change places."""

import uuid
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from app.assessments import drafting
from app.assessments.versions import Edition
from app.errors import Conflict, Invalid, NotFound, Refused
from app.policy import places
from app.policy.criteria import KINDS
from app.policy.field_words import KINDS as KIND_WORDS
from app.policy.filling import begun, filled
from app.policy.packs import Example, Version
from app.policy.parsing import parse_facts
from app.web.admin.policy_drafts import Editor, Looker, RowVersion, Sheet, draft_of, draft_page, refused, take
from app.web.deps import ClockDep, ConnDep, TodayDep
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Under = Annotated[str, Query(max_length=40)]
Number = Annotated[int, Path(ge=0, le=999)]
Kind = Annotated[str, Query(max_length=20)]
_GROUP_NOTE = "组成它的条件在版本页上添加、编辑和排列。"


def _condition(edition: Edition, place: str) -> Sheet:
    criterion = places.at(edition.version, place)

    def merge(data: dict[str, Any]) -> Version:
        made = places.made(criterion.known_as, data, criterion.parts_of())
        return places.with_changed(edition.version, place, made)

    return Sheet(
        f"{KIND_WORDS[criterion.known_as]}“{criterion.title}”",
        f"/admin/policies/{edition.id}/criteria/{place}",
        type(criterion),
        filled(criterion),
        merge,
        anchor=f"c-{place}",
        note=_GROUP_NOTE if criterion.parts_of() else "",
    )


def _new_condition(edition: Edition, kind: str, under: str) -> Sheet:
    if kind not in KINDS:
        raise NotFound("没有这种条件。")
    if under:
        places.at(edition.version, under)

    def merge(data: dict[str, Any]) -> Version:
        return places.with_added(edition.version, under, places.made(kind, data))

    action = f"/admin/policies/{edition.id}/criteria/new?kind={kind}&under={under}"
    note = "保存时先放入一项“待写明”的条件，随后在版本页上改写和添加。" if kind in ("any_of", "all_of") else ""
    return Sheet(
        f"新增条件：{KIND_WORDS[kind]}",
        action,
        KINDS[kind],
        begun(KINDS[kind]),
        merge,
        anchor="h-conditions",
        note=note,
    )


@router.get("/admin/policies/{version_id}/criteria/new")
async def new_condition(
    request: Request, version_id: uuid.UUID, _: Looker, conn: ConnDep, kind: Kind = "", under: Under = ""
) -> Response:
    """First of which kind, then the form of that kind."""
    edition = await draft_of(conn, version_id)
    if not kind:
        kinds = [(name, KIND_WORDS[name]) for name in KIND_WORDS if name in KINDS]
        context: dict[str, Any] = {"edition": edition, "kinds": kinds, "under": under}
        return page(request, "admin/policies/kinds.html", title=f"{edition.name}：新增条件", **context)
    sheet = _new_condition(edition, kind, under)
    return draft_page(request, edition, sheet, sheet.was)


@router.post("/admin/policies/{version_id}/criteria/new")
async def add_condition(
    request: Request,
    version_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Editor,
    kind: Kind = "",
    under: Under = "",
) -> Response:
    edition = await draft_of(conn, version_id)
    return await take(request, conn, edition, _new_condition(edition, kind, under), actor, clock)


@router.get("/admin/policies/{version_id}/criteria/{place}")
async def condition_form(request: Request, version_id: uuid.UUID, place: str, _: Looker, conn: ConnDep) -> Response:
    edition = await draft_of(conn, version_id)
    sheet = _condition(edition, place)
    return draft_page(request, edition, sheet, sheet.was)


@router.post("/admin/policies/{version_id}/criteria/{place}")
async def save_condition(
    request: Request, version_id: uuid.UUID, place: str, conn: ConnDep, clock: ClockDep, actor: Editor
) -> Response:
    edition = await draft_of(conn, version_id)
    return await take(request, conn, edition, _condition(edition, place), actor, clock)


@router.post("/admin/policies/{version_id}/criteria/{place}/{act}")
async def rearrange(
    request: Request,
    version_id: uuid.UUID,
    place: str,
    act: str,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Editor,
    row_version: RowVersion = 0,
) -> Response:
    """`up`, `down` or `remove`."""
    edition = await draft_of(conn, version_id)
    try:
        if act == "remove":
            version = places.with_removed(edition.version, place)
        elif act in ("up", "down"):
            version = places.with_moved(edition.version, place, up=act == "up")
        else:
            raise NotFound
        await drafting.save(conn, version_id, version, row_version=row_version, by=actor, at=clock.now())
    except (Invalid, Refused, Conflict) as error:
        return await refused(request, conn, version_id, actor.viewer, today, error)
    return see_other(request, f"/admin/policies/{version_id}#{'h-conditions' if act == 'remove' else f'c-{place}'}")


def _example(edition: Edition, number: int | None) -> Sheet:
    examples = edition.version.examples
    if number is not None and number >= len(examples):
        raise NotFound("没有这个算例，可能已被删去。")
    was = filled(examples[number]) if number is not None else begun(Example)

    def merge(data: dict[str, Any]) -> Version:
        kept = [*examples]
        index = len(kept) if number is None else number
        kept[index : index + 1] = [data]  # type: ignore[list-item]  # read with the whole version
        try:
            version = places.rebuilt(edition.version, examples=kept)
        except Invalid as error:
            mine = f"examples.{index}."
            raise Invalid({path.removeprefix(mine): sentence for path, sentence in error.fields.items()}) from error
        _check_facts(version, version.examples[index])
        return version

    title = f"算例“{examples[number].name}”" if number is not None else "新增算例"
    action = f"/admin/policies/{edition.id}/examples/{'new' if number is None else number}"
    leave_out = {"amounts"} if edition.version.deduction is None else {"outcome", "criteria", "score", "items", "case"}
    return Sheet(title, action, Example, was, merge, frozenset(leave_out), anchor="h-examples")


def _check_facts(version: Version, example: Example) -> None:
    """Each wrong fact by its path, all at the one field that holds them."""
    if version.deduction is not None:
        return
    try:
        parse_facts(example.facts, horizon=example.as_of)
    except Invalid as error:
        told = "；".join(f"{path or '全文'}：{sentence}" for path, sentence in error.fields.items())
        raise Invalid({"facts": told}) from error


@router.get("/admin/policies/{version_id}/examples/new")
async def new_example(request: Request, version_id: uuid.UUID, _: Looker, conn: ConnDep) -> Response:
    edition = await draft_of(conn, version_id)
    sheet = _example(edition, None)
    return draft_page(request, edition, sheet, sheet.was)


@router.post("/admin/policies/{version_id}/examples/new")
async def add_example(
    request: Request, version_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Editor
) -> Response:
    edition = await draft_of(conn, version_id)
    return await take(request, conn, edition, _example(edition, None), actor, clock)


@router.get("/admin/policies/{version_id}/examples/{number}")
async def example_form(request: Request, version_id: uuid.UUID, number: Number, _: Looker, conn: ConnDep) -> Response:
    edition = await draft_of(conn, version_id)
    sheet = _example(edition, number)
    return draft_page(request, edition, sheet, sheet.was)


@router.post("/admin/policies/{version_id}/examples/{number}")
async def save_example(
    request: Request, version_id: uuid.UUID, number: Number, conn: ConnDep, clock: ClockDep, actor: Editor
) -> Response:
    edition = await draft_of(conn, version_id)
    return await take(request, conn, edition, _example(edition, number), actor, clock)


@router.post("/admin/policies/{version_id}/examples/{number}/remove")
async def remove_example(
    request: Request,
    version_id: uuid.UUID,
    number: Number,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Editor,
    row_version: RowVersion = 0,
) -> Response:
    edition = await draft_of(conn, version_id)
    examples = [example for n, example in enumerate(edition.version.examples) if n != number]
    version = places.rebuilt(edition.version, examples=examples)
    try:
        await drafting.save(conn, version_id, version, row_version=row_version, by=actor, at=clock.now())
    except Conflict as error:
        return await refused(request, conn, version_id, actor.viewer, today, error)
    return see_other(request, f"/admin/policies/{version_id}#h-examples", "已删去算例")
