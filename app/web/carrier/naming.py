"""A tenant by its name: for officers among the firms of their division, for an operator among those that came to it
itself, so that nobody learns by typing which other firms there are."""

from collections.abc import Mapping
from datetime import date

from app.access.terms import Permission, Viewer
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import Invalid
from app.firms.queries import list_firms
from app.firms.terms import FirmFilter, Sort
from app.incubation.asking import names_known
from app.text import TextError, normalise
from app.text import key as key_of

_MOST = 6
Named = list[tuple[str, str]]  # name and code


async def with_code(
    conn: Conn, carrier: Carrier, raw: Mapping[str, str], *, viewer: Viewer, today: date
) -> Mapping[str, str]:
    """What was sent, with the code in the place of a name. Raises Invalid with those that it may be."""
    typed = raw.get("uscc", "")
    if typed.isascii():
        return raw
    try:
        name = normalise(typed, longest=60)
    except TextError:
        return raw
    if key_of(name).isascii():  # a code in full width
        return raw
    if viewer.may(Permission.FIRM_LIST):
        found, none = (
            await _listed(conn, name, viewer, today),
            "您的辖区里没有找到叫“{}”的企业；没有注册的请按团队登记。",
        )
    else:
        known = await names_known(conn, carrier, viewer=viewer, today=today)
        found = [one for one in known if key_of(name) in key_of(one[0])]
        none = "来过或申请过入驻的企业里没有叫“{}”的；第一次来的请填信用代码，没有注册的请按团队登记。"
    exact = [one for one in found if key_of(one[0]) == key_of(name)]
    if len(exact or found) == 1:
        return {**raw, "uscc": (exact or found)[0][1]}
    if not found:
        raise Invalid({"uscc": none.format(name)})
    some = "；".join(" ".join(one) for one in found[: _MOST - 1])
    raise Invalid({"uscc": f"不止一家，请写全名或信用代码：{some}{'……' if len(found) >= _MOST else ''}。"})


async def _listed(conn: Conn, name: str, viewer: Viewer, today: date) -> Named:
    filters = FirmFilter(q=name)
    found = await list_firms(conn, filters, viewer=viewer, today=today, sort=Sort.RELEVANCE.value, limit=_MOST)
    return [(firm.name, firm.uscc) for firm in found.items]
