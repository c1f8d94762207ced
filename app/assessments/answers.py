"""All policies' answers for one firm, as the table keeps them: judged, not told."""

import uuid
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

from app.firms.nearness import OUT_OF_REACH
from app.policy.context import Context
from app.policy.criteria.scoring import SumOfScores
from app.policy.evaluate import Judged, judge
from app.policy.exact import EXACT
from app.policy.facts import Facts
from app.policy.packs import Pack
from app.policy.terms import NOT_APPLICABLE, NOT_MET, UNKNOWN


class Answer(NamedTuple):
    firm_id: uuid.UUID
    policy: str
    version: str
    outcome: str
    missed: int
    lacking: int
    shortfall: Decimal | None
    score_low: int | None
    score_high: int | None
    open_codes: str  # with commas


def answers_for(firm_id: uuid.UUID, facts: Facts, packs: Sequence[Pack], *, as_of: date) -> list[Answer]:
    """What does not apply to a firm is left out."""
    with localcontext(EXACT):
        ctx = Context(facts, as_of, brief=True)
        ahead = ctx.a_year_later()
        judged = [(pack, judge(pack, ctx)) for pack in packs]
        return [_answer(firm_id, pack, one, ahead) for pack, one in judged if one.outcome is not NOT_APPLICABLE]


def _answer(firm_id: uuid.UUID, pack: Pack, judged: Judged, ahead: Context) -> Answer:
    missed, lacking = [], []
    for found in judged.counting:
        if found.outcome is NOT_MET:
            missed.append(found.criterion.code)
        elif found.outcome is UNKNOWN:
            lacking.append(found.criterion.code)
    short = judged.shortfall(ahead) if missed else None  # asked for only where there is one
    score = next((f for f in judged.findings if isinstance(f.criterion, SumOfScores)), None)
    return Answer(
        firm_id,
        pack.policy,
        judged.version.version if judged.version else "",
        judged.outcome.value,
        len(missed),
        len(lacking),
        min(short, OUT_OF_REACH).quantize(_PLACES) if short is not None else None,
        score.low if score else None,
        score.high if score else None,
        ",".join((*missed, *lacking)),
    )


_PLACES = Decimal("0.000001")
