"""梯队期限: after how many working days a firm of each tier stands still, and when the bureau's head is told."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Invalid, Stale
from app.firms.terms import MAIN_LADDER
from app.pipeline.queries import load_ladders
from app.pipeline.settings import Outlook, Patience, faults_in, outlook, set_patience
from app.text import halve
from app.web.deps import CHANGES_LOOKUPS, ClockDep, ConnDep, TodayDep, acting, guard
from app.web.filters import address
from app.web.forms import error_context, raw_form
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page
from app.work.hearing import Hearing, newly_told
from app.workdays.queries import load_calendar

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))]
Keeper = Annotated[Actor, Depends(acting(Permission.SETTING_ADMIN))]
_FIELDS = ("stale", "escalate", "months")
_LABELS = {"stale": "停滞", "escalate": "告诉局领导", "months": "培育期"}


@router.get("/admin/tiers")
async def tiers_page(request: Request, conn: ConnDep, _: Reader) -> Response:
    return await _page(request, conn, {})


async def _page(
    request: Request,
    conn: ConnDep,
    raw: Mapping[str, str],
    error: AppError | None = None,
    *,
    found: Sequence[Outlook] = (),
    told: Hearing | None = None,
    looked: str = "",
) -> Response:
    """What was typed comes back, over what is there now; `found`: whom it would make stand still, `told`: who would
    hear of it."""
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    tiers = ladder.tiers if ladder else ()
    rows = []
    for tier in tiers:
        now = Patience.of(tier)
        kept = {name: str(value or "") for name in _FIELDS for value in [getattr(now, name)]}
        typed = {name: raw.get(f"{name}.{tier.code}", kept[name]) for name in _FIELDS}
        rows.append((tier, typed, _written(now)))
    labels = {f"{name}.{tier.code}": f"{tier.label}：{_LABELS[name]}" for name in _FIELDS for tier in tiers}
    outlooks = [(o, address("/firms", o.now), address("/firms", o.then) if o.then else "") for o in found]
    context = {"rows": rows, "outlooks": outlooks, "told": told, "looked": looked, **error_context(error, labels)}
    return page(request, "admin/tiers.html", title="梯队期限", status=error.status if error else 200, **context)


@router.post("/admin/tiers", dependencies=[CHANGES_LOOKUPS])
async def save(request: Request, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: Keeper) -> Response:
    """Whom other days would make stand still is shown before they are saved, and again when others are typed."""
    raw = await raw_form(request)
    codes = [name.removeprefix("was.") for name in raw if name.startswith("was.")]
    try:
        wanted, seen = _read(raw, codes), {code: _seen(raw[f"was.{code}"]) for code in codes}
        looked = ".".join(_choice(code, one, seen[code]) for code, one in wanted.items())
        if raw.get("looked") != looked:
            found = await outlook(conn, wanted, seen=seen, viewer=actor.viewer, today=today)
            told = await _told(conn, wanted, actor.viewer, today)
            if found or told.firms:
                return await _page(request, conn, raw, found=found, told=told, looked=looked)
        moved = await set_patience(conn, wanted, seen=seen, by=actor, today=today, at=clock.now())
    except (Invalid, Stale) as error:
        return await _page(request, conn, raw, error)
    return see_other(request, "/admin/tiers", f"已保存；{moved} 家企业的停滞日重新算过")


def _choice(code: str, one: Patience, seen: Patience | None) -> str:
    """What was looked at: how long until a firm stands still, and until the head is told where that is new."""
    new = one.escalate is not None and (seen is None or one.escalate != seen.escalate)
    return f"{code}-{one.stale or ''}" + (f"-{one.escalate}" if new else "")


async def _told(conn: ConnDep, wanted: Mapping[str, Patience], viewer: Viewer, today: date) -> Hearing:
    ladder, calendar = (await load_ladders(conn))[MAIN_LADDER], await load_calendar(conn)
    return await newly_told(conn, wanted, ladder=ladder, calendar=calendar, viewer=viewer, today=today)


def _read(raw: Mapping[str, str], codes: list[str]) -> dict[str, Patience]:
    wanted: dict[str, Patience] = {}
    faults: dict[str, str] = {}
    for code in codes:
        typed = [halve(raw.get(f"{name}.{code}", "")) for name in _FIELDS]
        # What is no whole number is out of every range, and told as such.
        numbers = [int(t) if t.isascii() and t.isdecimal() and len(t) < 6 else -1 if t else None for t in typed]
        wanted[code] = Patience(*numbers)
        faults |= faults_in(code, wanted[code])
    if faults:
        raise Invalid(faults)
    return wanted


def _written(one: Patience) -> str:
    return ".".join(str(getattr(one, name) or "") for name in _FIELDS)


def _seen(written: str) -> Patience | None:
    parts = written.split(".")
    if len(parts) != len(_FIELDS) or not all(p.isascii() and (p.isdecimal() or not p) and len(p) < 6 for p in parts):
        return None
    return Patience(*(int(p) if p else None for p in parts))
