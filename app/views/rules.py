"""Who may open a view and what a name may be: decided without looking anywhere."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from app.access.terms import PERMISSIONS, Permission, Role, Viewer
from app.firms.terms import Sort
from app.text import TextError, is_code, key, normalise
from app.views.terms import LONGEST_NAME, ListColumn, SavedList


def asked_by(query: str) -> frozenset[Permission]:
    """What a reader must be allowed for the list to answer this address at all."""
    parts = dict(parse_qsl(query))
    asked = set()
    order = parts.get("sort", "").removeprefix("-")
    if parts.keys() & {"tag", "touch_by", "overridden"} or order == Sort.NEXT_TOUCH.value:
        asked.add(Permission.FIRM_INTERNAL)
    if "policy" in parts:
        asked.add(Permission.ASSESSMENT_READ)
    return frozenset(asked)


_ASK: Mapping[ListColumn, Permission] = {
    ListColumn.TOUCH: Permission.FIRM_INTERNAL,
    ListColumn.CONTACT: Permission.FIRM_INTERNAL,
    ListColumn.REVENUE: Permission.ASSESSMENT_READ,
    ListColumn.INTENSITY: Permission.ASSESSMENT_READ,
}


def columns_for(viewer: Viewer) -> tuple[ListColumn, ...]:
    """What a reader may choose from; a choice beyond it shows them nothing."""
    return tuple(column for column in ListColumn if column not in _ASK or viewer.may(_ASK[column]))


def may_open(view: SavedList, viewer: Viewer) -> bool:
    return all(viewer.may(permission) for permission in asked_by(view.query))


def may_remove(view: SavedList, viewer: Viewer) -> bool:
    """One's own; and what is shared in the division that one administers, whose author may have left."""
    return view.mine or (view.shared and viewer.may(Permission.SETTING_ADMIN) and view.scope == viewer.scope)


def divisions_above(scope: str) -> list[str]:
    """A division and all that it lies in, as their codes' beginnings: what is shared there is shared with it."""
    return [scope[:digits] for digits in range(2, len(scope) + 1)] if is_code(scope) else []


def sharing_problem(viewer: Viewer) -> str:
    return "" if is_code(viewer.scope) else "您的账号没有管辖的行政区划，不能与人共用视图。"


def named(value: str) -> tuple[str, str]:
    """A name and what it is told apart by. Raises TextError."""
    name = normalise(value, longest=LONGEST_NAME)
    told = key(name)
    if not told:
        raise TextError("请给视图起个名字。")
    return name, told


# Whose list begins with a view: those who have the list.
ROLES_WITH_LIST = tuple(role for role in Role if Permission.FIRM_LIST in PERMISSIONS[role])
