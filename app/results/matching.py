"""Which firms on file a list's lines may mean."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Text, any_, bindparam, select, union
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Viewer
from app.db import Conn
from app.firms.duplicates import alike
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.results.rules import judge
from app.results.terms import Candidate, Line, Match
from app.text import key

_KEYS, _CODES = (bindparam(name, type_=ARRAY(Text())) for name in ("keys", "codes"))


async def match(
    conn: Conn, lines: Sequence[Line], *, viewer: Viewer
) -> Mapping[int, tuple[Match, str, list[Candidate]]]:
    """By line. Those whose name or code is on file as it stands are found at once, only the rest one by one."""
    asked = union(
        select(Firm.id).where(Firm.name_key == any_(_KEYS)), select(Firm.id).where(Firm.uscc == any_(_CODES))
    ).subquery("asked")
    query = select(Firm.uscc, Firm.name, Firm.region_code).join(asked, asked.c.id == Firm.id)
    query = query.where(visible_to(viewer), Firm.status != FirmStatus.MERGED.value).order_by(Firm.id)
    given = {"keys": [key(line.name) for line in lines], "codes": [line.uscc for line in lines if line.uscc]}
    rows = (await conn.execute(query, given)).all()
    found: dict[int, tuple[Match, str, list[Candidate]]] = {}
    for line in lines:
        near = [Candidate(*r, "") for r in rows if r.uscc == line.uscc or key(r.name) == key(line.name)]
        verdict, code = judge(line, near)
        if verdict is not Match.EXACT:
            near = await _like(conn, line, viewer)
            verdict, code = judge(line, near)
        found[line.row_no] = (verdict, code, near)
    return found


async def _like(conn: Conn, line: Line, viewer: Viewer) -> list[Candidate]:
    like = await alike(conn, name=line.name, uscc=line.uscc, viewer=viewer)
    return [Candidate(a.uscc, a.name, a.region_code, a.why) for a in like if a.status != FirmStatus.MERGED.value]
