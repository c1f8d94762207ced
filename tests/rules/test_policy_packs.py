"""What the packs that come along promise: all of them there, sourced, kept by their own examples, never guessing."""

from datetime import date

import pytest

from app.config import ROOT, SEEDS
from app.policy.deduction import Unanswered, deduct_facts
from app.policy.evaluate import assess
from app.policy.examples import failures
from app.policy.facts import Facts
from app.policy.figures import FLAGS, Level
from app.policy.packs import Pack, Version, read_packs
from app.policy.terms import LOCAL_DEFAULT, Case, Outcome

PACKS = read_packs(SEEDS / "policies")
VERSIONS = [pytest.param(pack, v, id=f"{pack.policy}-{v.version}") for pack in PACKS.values() for v in pack.versions]
JUDGING = [pytest.param(pack, id=code) for code, pack in PACKS.items() if code != "super_deduction"]
LOCAL = {
    *("tech_micro", "eaglet", "gazelle_seed", "gazelle", "leader_seed", "leader"),
    # beside the contract: the municipal analogues, each with its variant for counties
    *("incubator_municipal", "incubator_municipal_county", "accelerator_municipal", "accelerator_municipal_county"),
    *("makerspace_municipal", "makerspace_municipal_county"),
}
DAYS = [date(2026, 6, 1), date(2026, 11, 23), date(2027, 5, 1)]


def every_criterion(criteria):
    for criterion in criteria:
        yield criterion
        yield from every_criterion(criterion.parts_of())


def test_every_policy_of_the_contract_has_a_pack() -> None:
    assert set(PACKS) == LOCAL | {
        *("hnte", "hnte_certificate", "tech_sme", "innovative_sme", "srdi", "little_giant"),
        *("incubation_entry", "incubation_graduation", "makerspace_national", "incubator_national"),
        *("incubator_standard", "super_deduction"),
    }


@pytest.mark.parametrize(("pack", "version"), VERSIONS)
def test_a_version_keeps_its_own_worked_examples(pack: Pack, version: Version) -> None:
    assert version.examples
    assert failures(pack, version) == {}


@pytest.mark.parametrize(("pack", "version"), VERSIONS)
def test_an_example_that_says_otherwise_is_found_out(pack: Pack, version: Version) -> None:
    """The check above can fail: every example is told apart from its opposite."""
    for example in version.examples:
        lie = {"amounts": {name: "0.01" for name in example.amounts}} if example.amounts else {}
        if example.outcome is not None:
            lie["outcome"] = Outcome.NOT_MET if example.outcome is not Outcome.NOT_MET else Outcome.MET
        false = version.model_copy(update={"examples": (example.model_copy(update=lie),)})
        assert failures(pack, false).keys() == {example.name}


@pytest.mark.parametrize(("pack", "version"), VERSIONS)
def test_every_condition_says_where_it_stands_and_how_far_that_can_be_trusted(pack: Pack, version: Version) -> None:
    assert version.source.grade in {"O", "M", "S", "C", "U", "default"}
    for criterion in every_criterion(version.criteria):
        assert criterion.cite, criterion.code
        assert criterion.grade, criterion.code


@pytest.mark.parametrize(("pack", "version"), VERSIONS)
def test_codes_are_told_apart_within_a_version(pack: Pack, version: Version) -> None:
    codes = [criterion.code for criterion in every_criterion(version.criteria)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("pack", "version"), VERSIONS)
def test_a_default_of_ours_is_labelled_as_one_and_nothing_else_is(pack: Pack, version: Version) -> None:
    assert version.official is (pack.policy not in LOCAL)
    assert version.document == LOCAL_DEFAULT or version.official


@pytest.mark.parametrize("case", Case)
@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("pack", JUDGING)
def test_of_a_firm_of_which_nothing_is_known_nothing_is_said(pack: Pack, day: date, case: Case) -> None:
    answer = assess(pack, Facts(), as_of=day, case=case)
    assert answer.outcome is Outcome.UNKNOWN
    assert any(criterion.missing for criterion in answer.criteria)


def test_a_deduction_of_which_nothing_is_known_is_no_amount() -> None:
    answer = deduct_facts(PACKS["super_deduction"], {}, today=date(2026, 11, 23))
    assert isinstance(answer, Unanswered)
    assert answer.to_json()["outcome"] == "unknown"
    assert answer.to_json()["missing"] == ["year", "rd"]


@pytest.mark.parametrize(
    ("day", "case", "version"),
    [
        (date(2026, 3, 31), Case.NEW, "2022"),
        (date(2026, 4, 1), Case.NEW, "2026"),
        (date(2026, 3, 31), Case.RECHECK, "2022"),
        (date(2026, 4, 1), Case.RECHECK, "2022-recheck"),
        (date(2026, 12, 31), Case.RECHECK, "2022-recheck"),
        (date(2027, 1, 1), Case.RECHECK, "2026-recheck"),
    ],
)
def test_the_text_that_counts_goes_by_day_and_occasion(day: date, case: Case, version: str) -> None:
    found = PACKS["little_giant"].version_on(day, case)
    assert found is not None
    assert found.version == version


@pytest.mark.parametrize(("day", "version"), [(date(2026, 3, 31), "2022"), (date(2026, 4, 1), "2026")])
def test_the_new_rules_for_srdi_hold_from_april_2026(day: date, version: str) -> None:
    found = PACKS["srdi"].version_on(day, Case.NEW)
    assert found is not None
    assert found.version == version


def test_before_its_first_version_a_policy_does_not_apply_and_says_so() -> None:
    answer = assess(PACKS["tech_sme"], Facts(), as_of=date(2017, 5, 2))
    assert answer.outcome is Outcome.NOT_APPLICABLE
    assert "2017-05-03" in answer.document


def test_the_page_on_policies_names_every_pack_version_and_optional_fact() -> None:
    page = (ROOT / "docs" / "policies.md").read_text("utf-8")
    named = {f"`{pack.policy}`" for pack in PACKS.values()} | {f"`{level}`" for level in Level}
    named |= {f"`{path}`" for path in FLAGS if path in ("software_certificates", "in_tech_micro_list")}
    assert {name for name in named if name not in page} == set()
    for pack in PACKS.values():
        row = next(line for line in page.splitlines() if line.startswith("|") and f"`{pack.policy}`" in line)
        assert all(version.version in row for version in pack.versions), row
