"""An assessment read back from where it was kept as JSON: a receipt of years ago, whatever was kept then."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from app.policy.figures import Unit
from app.policy.terms import Assessment, Case, Criterion, Gap, Outcome, Score, ScoreItem


def read_back(kept: Mapping[str, Any] | None) -> Assessment | None:
    """None where nothing was kept. What is missing or unreadable is left empty: a receipt never fails to open."""
    if not kept or not (kept.get("policy") or kept.get("criteria")):
        return None
    return Assessment(
        policy=_text(kept, "policy"),
        version=_text(kept, "version"),
        document=_text(kept, "document"),
        as_of=_day(kept.get("as_of")),
        outcome=_outcome(kept.get("outcome")),
        criteria=tuple(_criterion(one) for one in _objects(kept.get("criteria"))),
        score=_score(kept.get("score")),
        title=_text(kept, "title"),
        label=_text(kept, "label"),
        case=Case.RECHECK if kept.get("case") == Case.RECHECK else Case.NEW,
        missed=_count(kept.get("missed")),
        lacking=_count(kept.get("lacking")),
    )


def _criterion(kept: Mapping[str, Any]) -> Criterion:
    inputs = kept.get("inputs")
    levers = _objects(kept.get("levers")) or _objects([kept.get("gap")])
    return Criterion(
        code=_text(kept, "code"),
        title=_text(kept, "title") or _text(kept, "code"),
        outcome=_outcome(kept.get("outcome")),
        required=_text(kept, "required"),
        actual=_text(kept, "actual"),
        cite=_text(kept, "cite"),
        note=_text(kept, "note"),
        asks=_text(kept, "asks") or _text(kept, "required"),
        found=_text(kept, "found") or _text(kept, "actual"),
        grade=_text(kept, "grade"),
        gaps=tuple(gap for one in levers if (gap := _gap(one))),
        missing=tuple(str(path) for path in kept.get("missing") or ()),
        inputs=tuple((str(path), str(value)) for path, value in inputs.items()) if isinstance(inputs, Mapping) else (),
        parts=tuple(_criterion(one) for one in _objects(kept.get("parts"))),
    )


def _gap(kept: Mapping[str, Any]) -> Gap | None:
    try:
        amount = Decimal(str(kept["amount"]))
    except (KeyError, InvalidOperation):
        return None
    if _text(kept, "unit") not in {unit.label for unit in Unit}:
        return None
    year = kept.get("year")
    figure = _text(kept, "figure")
    return Gap(
        figure,
        _text(kept, "label") or figure,
        year if isinstance(year, int) else None,
        amount,
        _text(kept, "unit"),
        bool(kept.get("closed")),
    )


def _score(kept: Any) -> Score | None:
    if not isinstance(kept, Mapping):
        return None
    items = tuple(
        ScoreItem(
            _text(one, "code"),
            _text(one, "title") or _text(one, "code"),
            _count(one.get("low")),
            _count(one.get("high")),
            _count(one.get("max")),
            _text(one, "rate"),
            _text(one, "note"),
        )
        for one in _objects(kept.get("items"))
    )
    return Score(
        _count(kept.get("low")), _count(kept.get("high")), _text(kept, "pass"), _outcome(kept.get("outcome")), items
    )


def _text(kept: Mapping[str, Any], key: str) -> str:
    value = kept.get(key)
    return "" if value is None else str(value)


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _outcome(value: Any) -> Outcome:
    with suppress(ValueError):
        return Outcome(value)
    return Outcome.UNKNOWN


def _day(value: Any) -> date:
    with suppress(ValueError, TypeError):
        return date.fromisoformat(value)
    return date.min
