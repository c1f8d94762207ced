"""What PostgreSQL is told when it plans a search: a plan for any bounds at all reads every hit of a common word."""

import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from app.access.terms import Role, Viewer
from app.firms import queries
from app.firms.filtering import shape_of, sight_of, values_of
from app.firms.terms import FirmFilter, Sort
from app.pipeline import board, deadlines
from app.pipeline.terms import Ladder
from app.views.terms import ListColumn
from app.work.columns import wanted
from tests.harness import keys_of_tests

TODAY = date(2026, 11, 23)
OFFICER = Viewer(uuid.uuid4(), "officer", "专员", Role.OFFICER, "440783")
TOWN = Viewer(uuid.uuid4(), "town", "镇街", Role.TOWN, "440783117")
BOUNDS = ("440783", "440784", "440783117")


def written(kept: Any, filters: FirmFilter, viewer: Viewer) -> tuple[str, list[Any]]:
    """The statement's text and what is sent beside it."""
    due = deadlines.values(today=TODAY, internal=True)
    values = {**values_of(filters, viewer, vault=keys_of_tests(), today=TODAY), **due, "rows": 51}
    state = kept.statement.params(values).compile(dialect=dialect()).construct_expanded_state()
    return state.statement, list(state.positional_parameters)


def statements(filters: FirmFilter, viewer: Viewer) -> list[Any]:
    sight, shape = sight_of(viewer), shape_of(filters)
    return [
        queries._closest(sight, shape),
        queries._page(sight, shape, Sort.UPDATED, True, False),
        queries._count(sight, shape, True),
        board._live_counts(sight, shape),
        board._columns(sight, shape, (("eaglet", "innovative"), ("hnte", "")), 31),
    ]


@pytest.mark.parametrize("viewer", [OFFICER, TOWN], ids=["division", "unit"])
@pytest.mark.parametrize("region", ["", "440783117"])
def test_a_search_has_its_words_and_divisions_written_into_the_statement(viewer: Viewer, region: str) -> None:
    filters = FirmFilter(q="卫浴", region=region)
    for kept in statements(filters, viewer):
        text, beside = written(kept, filters, viewer)
        assert "卫浴" in text
        assert f"'{viewer.scope}'" in text
        assert not [value for value in beside if value in BOUNDS]


def test_without_a_search_one_statement_serves_every_division() -> None:
    for kept in statements(FirmFilter(), OFFICER):
        text, beside = written(kept, FirmFilter(), OFFICER)
        assert "440783" not in text
        assert "440783" in beside


def test_a_quote_in_a_word_stays_a_character_of_the_word() -> None:
    filters = FirmFilter(q="o'; DROP")
    for kept in statements(filters, OFFICER):
        text, _ = written(kept, filters, OFFICER)
        assert text.replace("''", "").count("'") % 2 == 0


@pytest.mark.parametrize("q", ["", "卫浴"])
def test_what_stands_beside_a_page_is_planned_for_the_rows_of_that_page(q: str) -> None:
    """Of a plan for any number of rows PostgreSQL thinks that it may look everybody's dates up at once."""
    sight, shape = sight_of(OFFICER), shape_of(FirmFilter(q=q))
    beside = wanted(list(ListColumn), Ladder("main", "", ()), today=TODAY, internal=True)
    for kept in (
        queries._page(sight, shape, Sort.UPDATED, True, False, beside, 51),
        queries._closest(sight, shape, beside, 51),
    ):
        text, _ = written(kept, FirmFilter(q=q), OFFICER)
        assert "LIMIT 51" in text


def test_what_stands_beside_a_row_is_read_without_building_the_statement_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has hundreds of rows, and what asks for a firm's dates takes milliseconds to put together."""
    beside = wanted([ListColumn.DUE, ListColumn.CONTACT], Ladder("main", "", ()), today=TODAY, internal=True)
    assert beside is not None
    row: list[Any] = [None] * len(beside.columns())
    row[-1] = TODAY
    monkeypatch.setattr(deadlines, "columns", None)
    assert beside.by_column(row) == {ListColumn.DUE: None, ListColumn.CONTACT: TODAY}
