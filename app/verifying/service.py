"""Writing down what was found out about a likeness."""

from datetime import datetime

from sqlalchemy import insert

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.reports.queries import Filing
from app.verifying.models import VerifiedLikeness
from app.verifying.terms import Outcome, Prompt


async def note_outcome(
    conn: Conn, filing: Filing, prompt: Prompt, outcome: Outcome, words: str, *, by: Actor, at: datetime
) -> None:
    row = {"id": new_id(), "firm_id": filing.firm_id, "kind": prompt.kind.value, "key": prompt.key}
    row |= {"weight": min(prompt.weight, 30_000), "outcome": outcome.value, "words": words, "at": at}
    await conn.execute(insert(VerifiedLikeness).values(**row, person_id=by.viewer.id, name=by.viewer.name))
    others = "、".join(other.name for other in prompt.others)[:500]
    told = {"year": filing.year, "likeness": prompt.kind.value, "others": others, "outcome": outcome.value}
    done = event_row(
        "firm:likeness:verified",
        by=by,
        at=at,
        object_type="firm",
        object_id=filing.firm_id,
        object_label=filing.uscc,
        after={**told, "words": words},
    )
    await record(conn, done)
