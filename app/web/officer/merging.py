"""One firm, one record: who may be the same, and two records made one after a look at every field and every child."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.firms.apart import ask_again, recently_apart, tell_apart
from app.firms.duplicates import alike, twins
from app.firms.queries import firm_by_uscc
from app.firms.terms import FirmDetail
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.filters import status_label
from app.web.forms import LONGEST_ADDRESS, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, KeyReused, once
from app.web.lookups import Lookup
from app.web.merge_input import CHOSEN, differing, taken_from
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.routing import Router
from app.web.security import safe_path
from app.web.templating import fragment, page
from app.work.merges import recent_merges
from app.work.merging import merge, shares, undo_merge
from app.work.terms import MergeState

router = Router()
Editor = Annotated[Viewer, Depends(guard(Permission.FIRM_EDIT))]
Merger = Annotated[Viewer, Depends(guard(Permission.FIRM_MERGE))]
Merging = Annotated[Actor, Depends(acting(Permission.FIRM_MERGE))]


@dataclass(frozen=True, slots=True)
class FieldView:
    name: str
    label: str
    kept: str
    gone: str
    takes_gone: bool


@router.get("/firms/similar")
async def similar(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Editor,
    name: str = "",
    uscc: str = "",
) -> Response:
    """Asked while a new firm's name or code is typed, however long it is by then."""
    name, uscc = name[:200], uscc[:40]
    found = await alike(conn, name=name, uscc=uscc.strip().upper(), viewer=viewer) if len(name.strip()) >= 2 else []
    context: dict[str, Any] = {"similar": found, "region_of": lookup.reference.region, "status_of": status_label}
    return fragment(request, "officer/firms/_similar.html", **context)


@router.get("/firms/duplicates")
async def duplicates_page(request: Request, conn: ConnDep, viewer: Merger) -> Response:
    context: dict[str, Any] = {
        "pairs": await twins(conn, viewer=viewer),
        "merges": await recent_merges(conn, viewer=viewer),
        "apart": await recently_apart(conn, viewer=viewer),
        "done": MergeState.DONE,
    }
    return page(request, "officer/firms/duplicates.html", title="可能重复的企业", **context)


@router.post("/firms/duplicates/apart")
async def set_apart(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Merging,
    one: Annotated[str, Form(max_length=40)] = "",
    other: Annotated[str, Form(max_length=40)] = "",
    on: Annotated[str, Form(max_length=5)] = "yes",
) -> Response:
    """Says which it shall be, so that a second click changes nothing."""
    pair = [await firm_in_sight(conn, code, actor.viewer) for code in (one, other)]
    await (ask_again if on == "no" else tell_apart)(conn, *pair, by=actor, at=clock.now())
    said = "可能是同一家，重新列出" if on == "no" else "不是同一家，不再列出"
    return see_other(request, "/firms/duplicates", f"{_named(*pair)}：{said}")


@router.get("/firms/{uscc}/merge")
async def preview(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Merger,
    other: Annotated[str, Query(alias="with", max_length=40)] = "",
) -> Response:
    kept = await firm_in_sight(conn, uscc, viewer)
    if not other.strip():
        return await _choose(request, conn, kept, lookup, viewer)
    gone = await firm_by_uscc(conn, other.strip().upper(), viewer=viewer)
    if gone is None or gone.id == kept.id:
        sentence = "没有这家企业，或它就是同一条记录。" if gone is None else "这是同一条记录，请填另一家的信用代码。"
        return await _choose(request, conn, kept, lookup, viewer, sentence=sentence, status=422)
    return await _preview(request, conn, kept, gone, lookup, viewer, {}, uuid.uuid4().hex)


@router.post("/firms/{uscc}/merge")
async def carry_out(
    request: Request, uscc: str, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Merging, key: KeyDep
) -> Response:
    kept = await firm_in_sight(conn, uscc, actor.viewer)
    raw, at = await raw_form(request), clock.now()
    gone = await firm_by_uscc(conn, raw.get("gone", "").upper(), viewer=actor.viewer)
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            if gone is None:
                raise NotFound
            async with conn.begin_nested():
                taken = taken_from(gone, [f for f in CHOSEN if raw.get(f"take.{f}") == "gone"])
                versions = versions_in(raw)
                await merge(conn, kept.id, gone.id, taken=taken, versions=versions, by=actor, at=at)
            said = f"已把 {gone.name}（{gone.uscc}）并入 {kept.uscc}，本页可以撤销"
            return slot.keep(see_other(request, f"/firms/{kept.uscc}", said))
    except (Conflict, Refused, Invalid) as error:
        if isinstance(error, KeyReused) or gone is None:
            raise
        return await _preview(request, conn, kept, gone, lookup, actor.viewer, raw, key.value, error)


@router.post("/firms/merges/{merge_id}/undo")
async def undo(
    request: Request,
    merge_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Merging,
    back: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "/firms/duplicates",
) -> Response:
    kept, gone = await undo_merge(conn, merge_id, by=actor, at=clock.now())
    return see_other(request, safe_path(back), f"已撤销合并：{_named(kept, gone)} 各归各档")


def _named(one: FirmDetail, other: FirmDetail) -> str:
    return f"{one.name}（{one.uscc}）与 {other.name}（{other.uscc}）"


def versions_in(raw: Mapping[str, str]) -> tuple[int, int]:
    kept, gone = (raw.get(f"{which}_version", "") for which in ("kept", "gone"))
    first, second = (int(v) if v.isascii() and v.isdigit() and len(v) < 10 else 0 for v in (kept, gone))
    return first, second


async def _choose(
    request: Request,
    conn: ConnDep,
    kept: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    *,
    sentence: str = "",
    status: int = 200,
) -> Response:
    found = await alike(conn, name=kept.name, uscc=kept.uscc, viewer=viewer, apart_from=kept.uscc)
    context: dict[str, Any] = {
        **firm_head(kept, lookup, viewer, ""),
        "similar": found,
        "region_of": lookup.reference.region,
        "status_of": status_label,
        "sentence": sentence,
    }
    return page(request, "officer/firms/merge_with.html", title=f"合并 {kept.name}", status=status, **context)


async def _preview(
    request: Request,
    conn: ConnDep,
    kept: FirmDetail,
    gone: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    raw: Mapping[str, str],
    key: str,
    error: AppError | None = None,
) -> Response:
    """Where only one of the two says something, that is taken unless somebody chooses otherwise."""
    fields = []
    for name, label, ours, theirs in differing(kept, gone, lookup):
        chosen = raw.get(f"take.{name}", "gone" if theirs and not ours else "kept")
        fields.append(FieldView(name, label, ours, theirs, chosen == "gone"))
    context: dict[str, Any] = {
        **firm_head(kept, lookup, viewer, ""),
        "kept": kept,
        "gone": gone,
        "gone_tier": lookup.main.tier(gone.tier),
        "fields": fields,
        "shares": await shares(conn, kept, gone),
        "idempotency_key": key,
        "sentence": error.sentence if error else "",
        "reasons": error.reasons if isinstance(error, Refused) else [],
    }
    status = error.status if error else 200
    return page(request, "officer/firms/merge.html", title=f"合并 {kept.name}", status=status, **context)
