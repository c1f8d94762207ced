"""The registry's one form: a new firm, or an edit that says who changed what meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import TOWN_DIGITS, Actor, Permission, Viewer
from app.errors import Conflict, Invalid, Stale
from app.firms import queries, service
from app.firms.duplicates import Alike, alike
from app.firms.terms import FIELD_LABELS, FirmDetail, FirmStatus, SizeClass
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.filters import options, status_label
from app.web.firm_input import FirmReader
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.firms import firm_in_sight
from app.web.routing import Router
from app.web.templating import page

router = Router()
Editor = Annotated[Actor, Depends(acting(Permission.FIRM_EDIT))]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    type: str
    value: str
    options: list[tuple[str, str]]
    required: bool = False
    hint: str = ""
    error: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    fields: list[Field]


_SECTIONS: list[tuple[str, list[tuple[str, str, str]]]] = [
    (
        "登记信息",
        [
            ("name", "text", ""),
            ("uscc", "text", "18 位；空格和小写会自动整理"),
            ("uscc_override", "text", "校验位不符但确认无误时填写"),
            ("registered_on", "text", "如 2015-03-01"),
            ("registered_capital", "number", ""),
            ("status", "select", ""),
        ],
    ),
    (
        "所在地与行业",
        [
            ("region_code", "select", ""),
            ("park", "text", ""),
            ("industry_code", "text", "如 C3360"),
            ("high_tech_field", "select", ""),
            ("direction", "select", ""),
            ("size_class", "select", ""),
            ("above_designated_size", "select", ""),
            ("address", "text", ""),
        ],
    ),
    (
        "联系与分工",
        [
            ("contact_name", "text", ""),
            ("contact_phone", "text", ""),
            ("officer_id", "select", ""),
            ("next_touch_on", "text", "如 2026-12-01"),
            ("tags", "text", "用顿号或逗号分开"),
            ("former_names", "text", "用顿号或逗号分开"),
            ("remark", "textarea", ""),
        ],
    ),
]
_LABELS = {**FIELD_LABELS, "contact_name": "主要联系人", "contact_phone": "联系电话"}
_ORDER = {name: place for place, name in enumerate(name for _, fields in _SECTIONS for name, _, _ in fields)}
_REQUIRED = {"name", "uscc"}


def _values(firm: FirmDetail) -> dict[str, str]:
    first = firm.contacts[0] if firm.contacts else None
    shown: dict[str, Any] = {
        f: getattr(firm, f) for f in FIELD_LABELS if f not in {"contacts", "tags", "former_names", "registered_capital"}
    }
    shown["above_designated_size"] = {True: "yes", False: "no", None: ""}[firm.above_designated_size]
    capital = firm.registered_capital
    shown["registered_capital"] = f"{(capital / 10000).normalize():f}" if capital is not None else ""
    shown["tags"] = "、".join(firm.tags)
    shown["former_names"] = "、".join(firm.former_names)
    shown["contact_name"] = first.name if first else ""
    shown["contact_phone"] = first.phone if first else ""
    return {k: "" if v is None else str(v) for k, v in shown.items()}


def _sections(
    values: Mapping[str, str], faults: Mapping[str, str], lookup: Lookup, viewer: Viewer, firm: FirmDetail | None
) -> list[Section]:
    choices = options(lookup, viewer)
    blank = [("", "未填写")]
    in_one_town = len(viewer.scope) >= TOWN_DIGITS
    reference = lookup.reference
    selects = {
        "region_code": choices["regions"][1:] if in_one_town else [("", "全市（未定镇街）"), *choices["regions"][1:]],
        "high_tech_field": blank + list(reference.high_tech_fields.items()),
        "direction": blank + list(reference.directions.items()),
        "size_class": blank + SizeClass.options(),
        "status": [o for o in FirmStatus.options() if o[0] != FirmStatus.MERGED],
        "officer_id": _officers(choices["officers"][1:-1], firm),
        "above_designated_size": [("", "未填写"), ("yes", "是"), ("no", "否")],
    }
    return [
        Section(
            title,
            [
                Field(
                    name=name,
                    label=_LABELS[name],
                    type=kind,
                    value=values.get(name, ""),
                    options=selects.get(name, []),
                    required=name in _REQUIRED,
                    hint=hint,
                    error=faults.get(name, ""),
                    unit="万元" if name == "registered_capital" else "",
                )
                for name, kind, hint in fields
            ],
        )
        for title, fields in _SECTIONS
    ]


def _differing(now: Sequence[Section], typed: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """As the form says it: label, what is in the house, what was typed."""
    found = []
    for field in (field for section in now for field in section.fields):
        mine = str(typed.get(field.name, field.value))
        if mine != field.value:
            words = dict(field.options) if field.type == "select" else {}
            found.append((field.label, words.get(field.value, field.value), words.get(mine, mine)))
    return found


def _officers(choices: list[tuple[str, str]], firm: FirmDetail | None) -> list[tuple[str, str]]:
    """Whoever has the firm now stays a choice, so that saving another field does not take it from them."""
    blank = ("", "未分配")
    if firm is None or firm.officer_id is None or str(firm.officer_id) in dict(choices):
        return [blank, *choices]
    return [blank, (str(firm.officer_id), firm.officer_name or ""), *choices]


def _page(
    request: Request,
    lookup: Lookup,
    viewer: Viewer,
    values: Mapping[str, str],
    *,
    firm: FirmDetail | None,
    faults: Mapping[str, str] | None = None,
    conflict: list[tuple[str, str, str]] | None = None,
    sentence: str = "",
    same: Sequence[Alike] = (),
    status: int = 200,
) -> Response:
    faults = {"contact_name" if name == "contacts" else name: said for name, said in (faults or {}).items()}
    title = f"编辑 {firm.name}" if firm else "新增企业"
    context: dict[str, Any] = {
        "form": _sections(values, faults, lookup, viewer, firm),
        "errors": sorted(((f, _LABELS.get(f, f), s) for f, s in faults.items()), key=lambda e: _ORDER.get(e[0], 0)),
        "sentence": sentence,
        "conflict": conflict or [],
        "creating": firm is None,
        "similar": same,
        "region_of": lookup.reference.region,
        "status_of": status_label,
        "version": firm.version if firm else "",
        "action": f"/firms/{firm.uscc}/edit" if firm else "/firms/new",
        "cancel_href": f"/firms/{firm.uscc}" if firm else "/firms",
        "submit_label": "保存" if firm else "新增",
    }
    return page(request, "officer/firms/form.html", title=title, status=status, **context)


async def _raw(request: Request) -> dict[str, Any]:
    form = await request.form(max_fields=60, max_files=0)
    raw: dict[str, Any] = {k: v for k, v in form.items() if isinstance(v, str)}
    return raw


def _entry(raw: Mapping[str, Any], firm: FirmDetail | None) -> dict[str, Any]:
    """The form edits the first contact; the others stay as they are."""
    entry = dict(raw)
    if "contact_name" in raw or "contact_phone" in raw:
        first = {"name": raw.get("contact_name", ""), "phone": raw.get("contact_phone", "")}
        others: list[dict[str, str]] = []
        if firm and firm.contacts:
            head, *rest = firm.contacts
            first |= {"title": head.title, "email": head.email}
            others = [{"name": c.name, "phone": c.phone, "title": c.title, "email": c.email} for c in rest]
        entry["contacts"] = [first, *others] if first["name"] or first["phone"] else others
    return entry


def _version(raw: Mapping[str, Any]) -> int:
    """What the form was made from; a number that no firm has when it says nothing we can read."""
    said = str(raw.get("version", ""))
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0


@router.get("/firms/new")
async def new_form(
    request: Request, lookup: LookupDep, viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_EDIT))]
) -> Response:
    return _page(request, lookup, viewer, {"region_code": viewer.scope, "status": "active"}, firm=None)


@router.post("/firms/new")
async def create(request: Request, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Editor) -> Response:
    raw = await _raw(request)
    try:
        entry = FirmReader(_entry(raw, None), lookup, actor.viewer).read(creating=True)
        if not raw.get("sure") and (same := await _same(conn, entry, actor.viewer)):
            return _page(request, lookup, actor.viewer, raw, firm=None, same=same, status=409)
        async with conn.begin_nested():
            await service.register(conn, entry, by=actor, at=clock.now())
    except Invalid as error:
        return _page(request, lookup, actor.viewer, raw, firm=None, faults=error.fields, status=422)
    except Conflict as error:
        faults = {"uscc": error.sentence}
        return _page(request, lookup, actor.viewer, raw, firm=None, faults=faults, status=409)
    return see_other(request, f"/firms/{entry.values['uscc']}", f"已新增 {entry.values['name']}")


async def _same(conn: ConnDep, entry: service.FirmEntry, viewer: Viewer) -> list[Alike]:
    """Firms of that very name, now or formerly; one of that code is told by itself."""
    name, uscc = entry.values["name"], entry.values["uscc"]
    found = await alike(conn, name=name, uscc=uscc, viewer=viewer)
    return [one for one in found if one.exact and one.uscc != uscc]


@router.get("/firms/{uscc}/edit")
async def edit_form(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_EDIT))],
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    return _page(request, lookup, viewer, _values(firm), firm=firm)


@router.post("/firms/{uscc}/edit")
async def edit(
    request: Request, uscc: str, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Editor
) -> Response:
    viewer = actor.viewer
    firm = await firm_in_sight(conn, uscc, viewer)
    raw = await _raw(request)
    try:
        entry = FirmReader(_entry(raw, firm), lookup, viewer, firm).read(creating=False)
        version = _version(raw)
        async with conn.begin_nested():
            changes = await service.edit(conn, firm, entry, version=version, by=actor, at=clock.now())
    except Invalid as error:
        return _page(request, lookup, viewer, raw, firm=firm, faults=error.fields, status=422)
    except Stale as error:
        now = await queries.firm_by_uscc(conn, firm.uscc, viewer=viewer) or firm
        theirs = _values(now)
        conflict = _differing(_sections(theirs, {}, lookup, viewer, now), raw)
        return _page(request, lookup, viewer, raw, firm=now, conflict=conflict, sentence=error.sentence, status=409)
    except Conflict as error:
        faults = {"uscc": error.sentence}
        return _page(request, lookup, viewer, raw, firm=firm, faults=faults, status=409)
    code = entry.values.get("uscc", firm.uscc)
    return see_other(request, f"/firms/{code}", "已保存" if changes else "没有改动")
