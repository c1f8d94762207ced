"""The one filter in an address: read from the query, written back into links, shown as chips and drop-downs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request

from app.access.terms import Permission, Viewer
from app.errors import Forbidden, Invalid
from app.firms.filtering import visible_prefix
from app.firms.nearness import PERCENTS, nearness_of
from app.firms.queries import parse_sort
from app.firms.terms import FirmFilter, FirmStatus, Near, Sort
from app.text import DateError, TextError, normalise, parse_date
from app.views.terms import EVERY_FIRM
from app.web.deps import SignedInDep
from app.web.lookups import Lookup

_DEFAULT = FirmFilter()
_PARTS = tuple((name, getattr(_DEFAULT, name)) for name in FirmFilter.__dataclass_fields__)
_LONGEST = 60
_YES = ("1", "true", "on")


async def read_filter(request: Request, caller: SignedInDep) -> FirmFilter:
    """Raises Forbidden for what would tell the bureau's own words about a firm by which firms come back."""
    return filter_in(request.query_params, caller.viewer, program=request.url.path.startswith("/api/"))


def filter_in(query: Mapping[str, str], viewer: Viewer, *, program: bool) -> FirmFilter:
    order, _ = parse_sort(query.get("sort", ""))
    overridden = query.get("overridden") in _YES
    internal = query.get("tag") or query.get("touch_by") or overridden or order is Sort.NEXT_TOUCH
    if internal and not viewer.may(Permission.FIRM_INTERNAL):
        raise Forbidden("标签、越过条件和下次联系是本单位的内部记录，您的角色不能按它们筛选或排序。")
    policy, near, within = _read_near(query, viewer, program=program)
    return FirmFilter(
        q=_clean(query.get("q", "")),
        tier=query.get("tier", "")[:_LONGEST],
        region=query.get("region", "")[:12],
        officer=query.get("officer", "")[:_LONGEST],
        status=query.get("status") or FirmStatus.ACTIVE.value,
        park=_clean(query.get("park", "")),
        direction=query.get("direction", "")[:_LONGEST],
        stale=query.get("stale") in _YES,
        stale_by=_read_day(query, "stale_by", program=program),
        touch_by=_read_day(query, "touch_by", program=program),
        overridden=overridden,
        tag=_clean(query.get("tag", "")),
        policy=policy,
        near=near,
        within=within,
    )


FilterDep = Annotated[FirmFilter, Depends(read_filter)]


def _read_day(query: Mapping[str, str], name: str, *, program: bool) -> str:
    """Raises Invalid for a program; a page leaves out what is no day."""
    said = query.get(name, "")
    try:
        return parse_date(said[:_LONGEST]).isoformat() if said.strip() else ""
    except DateError as error:
        if program:
            raise Invalid({name: str(error)}) from error
        return ""


def _read_near(query: Mapping[str, str], viewer: Viewer, *, program: bool) -> tuple[str, str, str]:
    """How near to which policy. A form sends all three whatever was chosen, so on a page what has nothing to go with
    is dropped; a program that asks for half of it is told. Raises Forbidden and Invalid."""
    policy, near, within = (query.get(name, "")[:_LONGEST] for name in ("policy", "near", "within"))
    if policy and not viewer.may(Permission.ASSESSMENT_READ):
        raise Forbidden("您的角色不能查看企业离各称号的差距，也不能按它筛选。")
    given = FirmFilter(policy=policy, near=near, within=within)
    if program:
        if near and not policy:
            raise Invalid({"near": "near 须与 policy 同用。"})
        if nearness_of(given) == "none":
            raise Invalid({"near": f"near 为 {'、'.join(Near)} 之一，within 为 1 到 100 的整数。"})
        if within and nearness_of(given) != "few":
            raise Invalid({"within": "within 须与 near=1、2、3 同用。"})
    few = nearness_of(given) in ("few", "none")
    return policy, near if policy else "", within if few else ""


@dataclass(frozen=True, slots=True)
class Unused:
    """What was chosen of the nearness and has nothing to go with: the form keeps it and says so."""

    sentence: str = ""
    near: str = ""
    within: str = ""


def unused(request: Request, filters: FirmFilter) -> Unused:
    near, within = (request.query_params.get(name, "")[:_LONGEST] for name in ("near", "within"))
    if (near or within) and not filters.policy:
        return Unused("没有选称号，所以没有按差距筛选；请先选一个称号。", near, within)
    if within and not filters.within:
        return Unused("“每项差多少以内”只与“最多差几项”同用，这一次没有按它筛选。", filters.near, within)
    return Unused(near=filters.near, within=filters.within)


def _clean(value: str) -> str:
    try:
        return normalise(value, longest=_LONGEST)
    except TextError:
        return ""


def address(path: str, filters: FirmFilter, **more: str | None) -> str:
    """`path` with the filter's set parts and whatever else a link carries; defaults stay out of the address."""
    parts = {k: "1" if v is True else v for k, v in set_parts(filters)}
    parts |= {k: v for k, v in more.items() if v}
    if parts:
        return f"{path}?{urlencode(parts)}"
    # Without a question the list begins with one's own view.
    return f"{path}?{EVERY_FIRM}" if path == "/firms" else path


def usual_sort(q: str) -> str:
    return Sort.RELEVANCE.value if q else "-updated"


def written(filters: FirmFilter, sort: str) -> str:
    """What a view keeps of an address: one way of writing for all that show the same."""
    order, descending = parse_sort(sort or usual_sort(filters.q))
    said = ("-" if descending else "") + order.value
    return address("/firms", filters, sort=said if said != usual_sort(filters.q) else "").partition("?")[2]


def set_parts(filters: FirmFilter) -> list[tuple[str, Any]]:
    """What somebody asked for: the parts that are not as they are anyway."""
    return [(name, value) for name, usual in _PARTS if (value := getattr(filters, name)) != usual]


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    remove_href: str


def chips(path: str, filters: FirmFilter, lookup: Lookup, viewer: Viewer, **more: str | None) -> list[Chip]:
    parts = set_parts(filters)
    if not parts:
        return []
    tier, pack = lookup.main.tier(filters.tier), lookup.policies.packs.get(filters.policy)
    officers = lookup.officers_for(viewer)
    officer = next((o.name for i, o in officers.items() if str(i) == filters.officer), filters.officer)
    words = {
        "q": f"搜索：{filters.q}",
        "tier": f"梯队：{tier.label if tier else '未入梯队'}",
        "region": f"镇街：{lookup.reference.region(filters.region)}",
        "officer": f"专员：{'未分配' if filters.officer == 'none' else officer}",
        "status": f"状态：{status_label(filters.status)}",
        "park": f"园区：{filters.park}",
        "direction": f"方向：{lookup.reference.directions.get(filters.direction, filters.direction)}",
        "stale": "停滞",
        "stale_by": f"到 {filters.stale_by} 停滞",
        "touch_by": f"约定联系日不晚于 {filters.touch_by}",
        "overridden": "越过条件进入这一级",
        "tag": f"标签：{filters.tag}",
        "policy": f"称号：{pack.title if pack else filters.policy}",
        "near": f"差距：{dict(Near.options()).get(filters.near, filters.near)}",
        "within": f"每项差 {filters.within}% 以内",
    }
    return [Chip(words[k], address(path, _without(filters, k), **more)) for k, _ in parts]


# What means nothing once a part is gone goes with it.
_LEAN_ON = {"policy": ("near", "within"), "near": ("within",)}


def _without(filters: FirmFilter, part: str) -> FirmFilter:
    return replace(filters, **{name: getattr(_DEFAULT, name) for name in (part, *_LEAN_ON.get(part, ()))})


def status_label(status: str) -> str:
    return next((s.label for s in FirmStatus if s.value == status), "全部")


def options(lookup: Lookup, viewer: Viewer, filters: FirmFilter = _DEFAULT) -> dict[str, list[tuple[str, str]]]:
    """The drop-downs' choices, only divisions and officers of the viewer's own among them."""
    officers = [(str(i), o.name) for i, o in lookup.officers_for(viewer).items()]
    return {
        "tiers": [("", "全部梯队"), *((t.code, t.label) for t in lookup.main.tiers), ("none", "未入梯队")],
        "regions": [("", "全部镇街"), *region_options(lookup, viewer)],
        "officers": [("", "全部专员"), *officers, ("none", "未分配")],
        "statuses": [*FirmStatus.options(), ("all", "全部状态")],
        "directions": [("", "全部方向"), *lookup.reference.directions.items()],
        **(_near_options(lookup, filters) if viewer.may(Permission.ASSESSMENT_READ) else {}),
    }


def region_options(lookup: Lookup, viewer: Viewer) -> list[tuple[str, str]]:
    """The towns and zones that the viewer sees."""
    prefix, kinds = visible_prefix(viewer), lookup.reference.region_kinds
    units = lookup.reference.regions.items()
    return [(code, name) for code, name in units if kinds[code] in ("town", "zone") and code.startswith(prefix)]


def _near_options(lookup: Lookup, filters: FirmFilter) -> dict[str, list[tuple[str, str]]]:
    percents = sorted({"5", "10", "20", "30", "50", filters.within} & PERCENTS.keys(), key=int)
    return {
        "policies": [("", "不限"), *((p.policy, p.title) for p in lookup.policies.for_firms())],
        "near": [("", "不限"), *Near.options()],
        "within": [("", "不限"), *((percent, f"{percent}% 以内") for percent in percents)],
    }
