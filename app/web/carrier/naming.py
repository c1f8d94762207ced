"""A tenant by its name, for whoever may look firms up: an operator types a code, and learns of no firm by typing."""

from collections.abc import Mapping
from datetime import date

from app.access.terms import Permission, Viewer
from app.db import Conn
from app.errors import Invalid
from app.firms.queries import list_firms
from app.firms.terms import FirmFilter, Sort
from app.text import TextError, normalise
from app.text import key as key_of

_MOST = 6


async def with_code(conn: Conn, raw: Mapping[str, str], *, viewer: Viewer, today: date) -> Mapping[str, str]:
    """What was sent, with the code in the place of a name. Raises Invalid with those that it may be."""
    typed = raw.get("uscc", "")
    if typed.isascii() or not viewer.may(Permission.FIRM_LIST):
        return raw
    try:
        name = normalise(typed, longest=60)
    except TextError:
        return raw
    if key_of(name).isascii():  # a code in full width
        return raw
    filters = FirmFilter(q=name)
    found = (await list_firms(conn, filters, viewer=viewer, today=today, sort=Sort.RELEVANCE.value, limit=_MOST)).items
    exact = [firm for firm in found if key_of(firm.name) == key_of(name)]
    if len(exact or found) == 1:
        return {**raw, "uscc": (exact or found)[0].uscc}
    if not found:
        raise Invalid({"uscc": f"您的辖区里没有找到叫“{name}”的企业；没有注册的请按团队登记。"})
    some = "；".join(f"{firm.name} {firm.uscc}" for firm in found[: _MOST - 1])
    raise Invalid({"uscc": f"不止一家，请写全名或信用代码：{some}{'……' if len(found) == _MOST else ''}。"})
