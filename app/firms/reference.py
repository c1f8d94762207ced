"""The small tables that every page needs by name."""

from itertools import takewhile

from sqlalchemy import func, select

from app.db import Conn
from app.firms.models import Bureau, Direction, HighTechField, Industry, Park, Region
from app.firms.terms import Reference
from app.text import key


async def load_reference(conn: Conn) -> Reference:
    regions = (await conn.execute(select(Region.code, Region.name, Region.kind).order_by(Region.code))).all()
    industries = (await conn.execute(select(Industry.code, Industry.name).order_by(Industry.code))).all()
    fields = (await conn.execute(select(HighTechField.code, HighTechField.name).order_by(HighTechField.code))).all()
    directions = (
        await conn.execute(select(Direction.code, Direction.name, Direction.synonyms).order_by(Direction.rank))
    ).all()
    parks = (await conn.execute(select(Park.name, Park.full_name, Park.synonyms).order_by(Park.name))).all()
    bureau = (await conn.execute(select(Bureau.name).order_by(Bureau.code).limit(1))).scalar_one_or_none()
    return Reference(
        regions={r.code: r.name for r in regions},
        region_kinds={r.code: r.kind for r in regions},
        industries={r.code: r.name for r in industries},
        high_tech_fields={r.code: r.name for r in fields},
        directions={r.code: r.name for r in directions},
        direction_synonyms={key(s): r.code for r in directions for s in (r.name, *r.synonyms)},
        parks=tuple(r.name for r in parks),
        park_synonyms={key(s): r.name for r in parks for s in (r.name, r.full_name, *r.synonyms) if s},
        bureau=bureau or "",
    )


async def bureau_scope(conn: Conn) -> str:
    """The division a command acts for: the bureau's own, else what the codes of all towns begin with."""
    own: str | None = (await conn.execute(select(Bureau.region_code).order_by(Bureau.code).limit(1))).scalar()
    if own is not None:
        return own
    in_towns = Region.kind.in_(["town", "zone"])
    first, last = (await conn.execute(select(func.min(Region.code), func.max(Region.code)).where(in_towns))).one()
    pairs = zip(first or "", last or "", strict=False)
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
