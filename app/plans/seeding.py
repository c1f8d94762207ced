"""Plans that come with the house: each is brought whole and once, then it is the bureau's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select

from app.db import Conn
from app.errors import Refused
from app.labels import Labelled
from app.locks import Lock, hold
from app.plans.models import PlanIndicatorRow, PlanRow, PlanTargetRow
from app.plans.terms import IndicatorKind, PlanState, Reading, TargetLevel
from app.policy.terms import Grade

_PLAN = ("code", "title", "short", "region", "baseline_year", "first_year", "last_year", "state", "grade")
_WORDS: Mapping[str, type[Labelled]] = {"kind": IndicatorKind, "reading": Reading}
_OPTIONAL = ("money", "scale", "baseline", "baseline_words", "definition", "owner", "basis", "notes", "counting")


async def load_five_year_plans(conn: Conn, rows: Sequence[Mapping[str, Any]]) -> int:
    """Those that are missing. Raises KeyError for a part that is missing, Refused for a word that cannot be."""
    if not rows:
        return 0
    await hold(conn, Lock.PLANS)
    known = set((await conn.execute(select(PlanRow.code))).scalars())
    missing = [row for row in rows if row["code"] not in known]
    for row in missing:
        try:
            PlanState(row["state"]), Grade(row["grade"])
            indicators = [_indicator(row, rank, one) for rank, one in enumerate(row["indicators"], 1)]
            targets = [t for one in row["indicators"] for t in _targets(row, one)]
        except ValueError as error:
            raise Refused(f"种子里的规划 {row['code']} 有一处写法不对：{error}。没有载入任何内容。") from error
        plan = {name: row[name] for name in _PLAN} | {n: row.get(n, "") for n in ("nature", "document")}
        await conn.execute(insert(PlanRow).values(plan))
        for one in indicators:
            await conn.execute(insert(PlanIndicatorRow).values(one))
        if targets:
            await conn.execute(insert(PlanTargetRow), targets)
    return len(missing)


def _indicator(plan: Mapping[str, Any], rank: int, one: Mapping[str, Any]) -> dict[str, Any]:
    readings = [Reading(r).value for r in one.get("readings", ())]
    words = {name: kind(one[name]).value for name, kind in _WORDS.items() if name in one}
    told = {name: one[name] for name in _OPTIONAL if name in one}
    return {
        "plan": plan["code"],
        "code": one["code"],
        "rank": rank,
        "title": one["title"],
        "unit": one["unit"],
        "supporting": one.get("supporting", False),
        "weight": one.get("weight", 0),
        "readings": readings,
        **told,
        **words,
    }


def _targets(plan: Mapping[str, Any], one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A target that is a text is one that was named and never issued."""
    found = []
    for year, said in one.get("targets", {}).items():
        number = None if isinstance(said, str) else said
        found.append(
            {
                "plan": plan["code"],
                "indicator": one["code"],
                "scope": plan["region"],
                "year": year,
                "level": TargetLevel.TARGET.value,
                "value": number,
                "words": said if number is None else "",
            }
        )
    return found
