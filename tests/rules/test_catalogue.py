"""The catalogue and its forms: complete, sourced, and hanging together."""

import copy

import pytest

from app.config import SEEDS
from app.policy.figures import IpKind, ObtainedBy, Unit
from app.policy.terms import Grade
from app.reports.catalogue import CatalogueError, Kind, form_of, read_forms
from app.reports.reading import examine, read
from app.reports.terms import REPORTED

BODY = next(body for body in read_forms(SEEDS) if body["form"] == "annual")
FORM = form_of(BODY)


def test_every_figure_that_a_policy_reads_is_asked_under_its_own_name_and_unit():
    asked = {code: q for code, q in FORM.questions.items() if q.policy}
    assert set(asked) == set(REPORTED)
    for code, figure in REPORTED.items():
        question = asked[code]
        assert (question.label, question.unit) == (figure.label, figure.unit.label)
        assert question.money == (figure.unit is Unit.YUAN)
        assert (question.kind is Kind.SIGNED) == figure.signed
        assert not question.optional


def test_every_question_has_a_source_and_a_grade():
    for section in FORM.sections:
        for question in section.questions:
            assert question.source
            assert Grade(question.grade)


def test_choices_are_the_houses_own_words():
    ip = {q.code: dict(q.options) for q in FORM.section("ip").questions if q.options}
    assert ip["ip.kind"] == dict(IpKind.options())
    assert ip["ip.way"] == dict(ObtainedBy.options())


def broken(change):
    body = copy.deepcopy(BODY)
    change(body["sections"][0]["questions"])
    return body


@pytest.mark.parametrize(
    "change",
    [
        lambda questions: questions.append(dict(questions[0])),
        lambda questions: questions[0].update(type="number"),
        lambda questions: questions[0].update(checks=[{"kind": "like", "level": "hard"}]),
        lambda questions: questions[0].update(checks=[{"kind": "at_most", "of": ["nowhere"], "level": "hard"}]),
        lambda questions: questions[0].update(grade="sure"),
        lambda questions: questions[0].pop("source"),
    ],
)
def test_a_form_that_does_not_hang_together_is_refused(change):
    with pytest.raises(CatalogueError):
        form_of(broken(change))


@pytest.mark.parametrize(
    ("text", "unit", "yuan"),
    [
        ("38.2", "wan_yuan", 382000),
        ("38.2", "thousand_yuan", 38200),
        ("38.2", "yuan", "38.2"),
        ("38.2万", "yuan", 382000),
    ],
)
def test_a_figure_is_what_was_typed_in_the_unit_beside_it_or_in_the_text(text, unit, yuan):
    from decimal import Decimal

    assert read(FORM.questions["sales_revenue"], (text, unit)).number == Decimal(yuan)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sales_revenue", "-1"),
        ("sales_revenue", "NaN"),
        ("headcount", "1.5"),
        ("headcount", "-3"),
        ("headcount", "1e9"),
    ],
)
def test_what_cannot_be_is_said_and_stands_as_typed(code, text):
    value = read(FORM.questions[code], (text, "yuan"))
    assert value.number is None
    assert value.fault
    assert value.text == text


def test_a_sum_is_of_what_is_known_and_nothing_is_a_pass_for_want_of_a_figure():
    found = examine(FORM, {"rd": {"rd.personnel": ["10", "wan_yuan"]}, "people": {"rd_staff": ["9", ""]}}, {})
    assert found.figures["rd.total"] == "100000"
    assert not [f for f in found.faults if f.field == "rd_staff"]
    assert [f for f in found.faults if f.field == "headcount" and f.missing]
