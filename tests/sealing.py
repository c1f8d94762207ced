"""Whether something lies open in the database, wherever it may."""

from sqlalchemy import LargeBinary, text

from app.db import Conn
from app.models import Base


async def lies_open(conn: Conn, *canaries: str) -> list[str]:
    """The tables of which a column holds one of these, be it a text, within a record, or bytes."""
    found = []
    values = {f"c{n}": canary for n, canary in enumerate(canaries)}
    for table in Base.metadata.sorted_tables:
        asked = [f"strpos(to_jsonb(t)::text, :{name}) > 0" for name in values]
        kept = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
        asked += [f"position(convert_to(:{name}, 'UTF8') IN t.\"{column}\") > 0" for name in values for column in kept]
        query = f'SELECT EXISTS (SELECT FROM "{table.name}" t WHERE {" OR ".join(asked)})'
        if (await conn.execute(text(query), values)).scalar_one():
            found.append(table.name)
    return found
