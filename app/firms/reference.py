"""The small tables that every page needs by name."""

from sqlalchemy import select

from app.db import Conn
from app.firms.models import Direction, HighTechField, Industry, Region
from app.firms.terms import Reference
from app.text import key


async def load_reference(conn: Conn) -> Reference:
    regions = (await conn.execute(select(Region.code, Region.name, Region.kind).order_by(Region.code))).all()
    industries = (await conn.execute(select(Industry.code, Industry.name).order_by(Industry.code))).all()
    fields = (await conn.execute(select(HighTechField.code, HighTechField.name).order_by(HighTechField.code))).all()
    directions = (
        await conn.execute(select(Direction.code, Direction.name, Direction.synonyms).order_by(Direction.rank))
    ).all()
    return Reference(
        regions={r.code: r.name for r in regions},
        region_kinds={r.code: r.kind for r in regions},
        industries={r.code: r.name for r in industries},
        high_tech_fields={r.code: r.name for r in fields},
        directions={r.code: r.name for r in directions},
        direction_synonyms={key(s): r.code for r in directions for s in (r.name, *r.synonyms)},
    )
