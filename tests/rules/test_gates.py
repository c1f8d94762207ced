from datetime import UTC, date, datetime, timedelta

import pytest

from app.config import SEEDS
from app.db import new_id
from app.pipeline.rules import Verdict, decide, problems, taken_back
from app.pipeline.terms import Ladder, MoveKind, MoveRecord, Span, Standing, Tier
from app.policy.facts import CertificateFact, Facts
from app.policy.packs import read_packs
from app.policy.policies import Policies
from app.policy.terms import Outcome

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
POLICIES = Policies(read_packs(SEEDS / "policies"))
CODES = ("tech_micro", "eaglet", "gazelle", "hnte", "leader")
LADDER = Ladder(
    "main",
    "梯度",
    tuple(
        Tier("main", c, c, c, n, "hnte_certificate" if c == "hnte" else c, 24, 60, c in ("hnte", "leader"))
        for n, c in enumerate(CODES, start=1)
    ),
)
ISSUED = date(2023, 12, 5)
CERTIFICATE = CertificateFact("hnte", "GR202344005999", ISSUED, date(2026, 12, 5))


def standing(tier: str | None, *, since: date | None = None, status: str = "active") -> Standing:
    return Standing(
        new_id(), "91440783M159083022", "示例", "440783117", status, None, tier, since or (TODAY if tier else None)
    )


def decision(current: str | None, to: str | None, facts: Facts = Facts(), **more: object):
    target = LADDER.tier(to)
    assessment = POLICIES.assess(target.policy, facts, as_of=TODAY) if target else None
    return decide(LADDER, standing(current), target, assessment, **more)


def test_one_step_up_goes_with_a_reason_alone() -> None:
    assert decision("tech_micro", "eaglet").verdict is Verdict.GO


def test_entering_on_the_first_tier_goes() -> None:
    assert decision(None, "tech_micro").verdict is Verdict.GO


@pytest.mark.parametrize(("current", "to"), [("tech_micro", "gazelle"), (None, "eaglet"), ("gazelle", "tech_micro")])
def test_more_than_one_step_waits_for_a_second_person(current: str | None, to: str) -> None:
    assert decision(current, to).verdict is Verdict.WAIT


def test_one_step_down_goes() -> None:
    done = decision("eaglet", "tech_micro")
    assert (done.verdict, done.kind) == (Verdict.GO, MoveKind.DEMOTION)


def test_the_top_tiers_always_wait_for_a_second_person() -> None:
    assert decision("gazelle", "hnte", Facts.holding(CERTIFICATE)).verdict is Verdict.WAIT
    assert decision("hnte", "leader").verdict is Verdict.WAIT


def test_without_a_certificate_the_hnte_gate_refuses_and_says_what_is_missing() -> None:
    refused = decision("gazelle", "hnte", Facts.holding())
    assert refused.verdict is Verdict.REFUSED
    assert "没有登记过高企证书" in refused.reasons[0]


def test_an_override_waits_instead_of_being_refused() -> None:
    assert decision("gazelle", "hnte", Facts.holding(), override="公告已发，证书在途").verdict is Verdict.WAIT


def test_a_blank_override_is_none() -> None:
    assert decision("gazelle", "hnte", Facts.holding(), override="  ").verdict is Verdict.REFUSED


@pytest.mark.parametrize("status", ["moved_out", "deregistered", "merged"])
def test_a_firm_that_is_gone_moves_nowhere(status: str) -> None:
    away = standing("eaglet", status=status)
    assert decide(LADDER, away, LADDER.tier("gazelle"), None).verdict is Verdict.REFUSED


def test_leaving_the_ladder_is_an_exit() -> None:
    assert decision("eaglet", None).kind is MoveKind.EXIT


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        (ISSUED - timedelta(days=1), Outcome.NOT_MET),
        (ISSUED, Outcome.MET),
        (date(2026, 12, 5), Outcome.MET),
        (date(2026, 12, 6), Outcome.NOT_MET),
    ],
)
def test_a_certificate_holds_from_its_issue_to_the_corresponding_day(day: date, outcome: Outcome) -> None:
    assert POLICIES.assess("hnte_certificate", Facts.holding(CERTIFICATE), as_of=day).outcome is outcome


def test_a_revoked_certificate_holds_until_the_day_before() -> None:
    revoked = CertificateFact("hnte", "GR1", ISSUED, date(2026, 12, 5), revoked_on=date(2025, 1, 1))
    assert POLICIES.assess("hnte_certificate", Facts.holding(revoked), as_of=date(2024, 12, 31)).outcome is Outcome.MET
    assert (
        POLICIES.assess("hnte_certificate", Facts.holding(revoked), as_of=date(2025, 1, 1)).outcome is Outcome.NOT_MET
    )


def test_a_certificate_of_another_kind_does_not_open_the_gate() -> None:
    other = CertificateFact("tech_sme", "2026440783A", ISSUED, date(2026, 12, 31))
    assert POLICIES.assess("hnte_certificate", Facts.holding(other), as_of=TODAY).outcome is Outcome.NOT_MET


def test_a_policy_that_nobody_has_written_asks_for_judgement_and_never_passes_by_itself() -> None:
    answer = Policies().assess("gazelle", Facts(), as_of=TODAY)
    assert answer.outcome is Outcome.MANUAL
    assert "非官方认定条件" in answer.sentences[0]


def test_what_is_missing_says_for_which_condition_and_what_is_met_stands_in_nobodys_way() -> None:
    known = Facts({"status": "active"})
    told = POLICIES.assess("eaglet", known, as_of=TODAY)
    unknown = [c for c in told.criteria if c.outcome is Outcome.UNKNOWN]
    assert unknown
    assert {f"{c.title}：{c.note}" for c in unknown} <= set(told.sentences)
    assert not {c.note for c in told.criteria if c.outcome is Outcome.MET and c.note} & set(told.sentences)


def wrong(current: str | None, to: str | None, **given: object) -> dict[str, str]:
    values = {"effective_on": TODAY, "reason": "有理由", "today": TODAY, "correction": False} | given
    since = date(2026, 6, 1) if current else None
    return problems(standing(current, since=since), LADDER.tier(to), **values)


def test_a_sound_request_has_no_problems() -> None:
    assert wrong("eaglet", "gazelle") == {}


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_move_needs_a_reason(reason: str) -> None:
    assert set(wrong("eaglet", "gazelle", reason=reason)) == {"reason"}


@pytest.mark.parametrize(
    ("day", "fields"),
    [
        (date(2026, 5, 31), {"effective_on"}),
        (date(2026, 6, 1), set()),
        (TODAY, set()),
        (TODAY + timedelta(days=1), {"effective_on"}),
    ],
)
def test_a_move_takes_effect_between_arrival_and_today(day: date, fields: set[str]) -> None:
    assert set(wrong("eaglet", "gazelle", effective_on=day)) == fields


def test_only_a_correction_reaches_back_before_the_arrival() -> None:
    assert wrong("eaglet", "gazelle", effective_on=date(2026, 5, 1), correction=True) == {}


def test_moving_to_where_it_stands_is_no_move_but_may_correct_the_date() -> None:
    assert set(wrong("eaglet", "eaglet")) == {"to"}
    assert wrong("eaglet", "eaglet", correction=True) == {}


def test_a_firm_off_the_ladder_cannot_leave_it_or_be_corrected() -> None:
    assert set(wrong(None, None)) == {"to"}
    assert set(wrong(None, "eaglet", correction=True)) == {"to"}


@pytest.mark.parametrize(
    ("previous", "day", "fields"),
    [
        (None, date(2020, 1, 1), set()),
        (Span(date(2026, 2, 1), date(2026, 6, 1)), date(2026, 2, 1), {"effective_on"}),
        (Span(date(2026, 2, 1), date(2026, 6, 1)), date(2026, 2, 2), set()),
        (Span(date(2026, 2, 1), date(2026, 4, 1)), date(2026, 3, 31), {"effective_on"}),
        (Span(date(2026, 2, 1), date(2026, 4, 1)), date(2026, 4, 1), set()),
    ],
)
def test_a_correction_leaves_the_stay_before_it_at_least_a_day(
    previous: Span | None, day: date, fields: set[str]
) -> None:
    assert set(wrong("eaglet", "eaglet", effective_on=day, correction=True, previous=previous)) == fields


def test_a_correction_to_the_stay_before_from_its_first_day_takes_the_last_move_back() -> None:
    before = Span(date(2026, 2, 1), date(2026, 6, 1), "tech_micro")
    more = {"correction": True, "previous": before}
    assert wrong("eaglet", "tech_micro", effective_on=before.since, **more) == {}
    assert set(wrong("eaglet", "tech_micro", effective_on=before.since - timedelta(days=1), **more)) == {"effective_on"}
    assert set(wrong("eaglet", "gazelle", effective_on=before.since, **more)) == {"effective_on"}
    assert set(wrong("eaglet", None, effective_on=before.since, **more)) == {"effective_on"}
    apart = {**more, "previous": Span(date(2026, 2, 1), date(2026, 4, 1), "tech_micro")}
    assert set(wrong("eaglet", "tech_micro", effective_on=before.since, **apart)) == {"effective_on"}


def test_a_firm_that_is_put_back_where_it_stood_need_not_earn_it_again() -> None:
    assert decision("tech_micro", "hnte", correction=True).verdict is Verdict.REFUSED
    back = decision("tech_micro", "hnte", correction=True, restored=True)
    assert (back.verdict, back.reasons) == (Verdict.WAIT, ("进入“hnte”须第二人复核",))
    assert decision("hnte", "eaglet", correction=True, restored=True).verdict is Verdict.GO


def test_what_two_agreed_on_one_alone_does_not_rewrite() -> None:
    asked = {"correction": True, "approved_by": "梁建"}
    assert decision("gazelle", "eaglet", **asked).reasons == ("要改的是 梁建 复核过的移动，更正也须第二人复核",)
    assert decision("gazelle", "eaglet", **asked, restored=True).verdict is Verdict.WAIT
    assert decision("gazelle", "gazelle", **asked).verdict is Verdict.GO  # another first day, the same tier
    assert decision("gazelle", "eaglet", approved_by="梁建").verdict is Verdict.GO  # a move down, not another past


def _told(kind: MoveKind, came_from: str | None, to: str | None, on: date) -> MoveRecord:
    return MoveRecord(new_id(), came_from, to, kind, on, NOON, "王专员", None, "名册", None)


def test_a_move_that_is_undone_as_of_its_own_day_never_held_and_one_that_ended_later_did() -> None:
    first, later = date(2024, 5, 1), date(2025, 5, 1)
    entered, past = _told(MoveKind.ENTRY, None, "eaglet", first), _told(MoveKind.HISTORY, None, "tech_micro", first)
    undone = [_told(MoveKind.EXIT, "eaglet", None, first), _told(MoveKind.HISTORY, "tech_micro", None, first)]
    assert taken_back([*undone, past, entered]) == {entered.id, past.id}
    again = _told(MoveKind.ENTRY, None, "eaglet", first)
    assert taken_back([again, undone[0], entered]) == {entered.id}
    assert taken_back([_told(MoveKind.EXIT, "eaglet", None, later), entered]) == frozenset()
    assert taken_back([_told(MoveKind.PROMOTION, "eaglet", "gazelle", first), entered]) == frozenset()


def test_a_move_that_was_corrected_to_another_tier_never_held_and_one_whose_day_was_corrected_did() -> None:
    first, later = date(2024, 5, 1), date(2025, 5, 1)
    micro, mistaken = (
        _told(MoveKind.ENTRY, None, "tech_micro", first),
        _told(MoveKind.PROMOTION, "tech_micro", "eaglet", later),
    )
    restored = _told(MoveKind.CORRECTION, "eaglet", "tech_micro", first)
    assert taken_back([restored, mistaken, micro]) == {mistaken.id}
    again = _told(MoveKind.CORRECTION, "tech_micro", "gazelle", later)
    assert taken_back([again, restored, mistaken, micro]) == {mistaken.id, restored.id}
    other_day = _told(MoveKind.CORRECTION, "eaglet", "eaglet", first)
    assert taken_back([other_day, mistaken, micro]) == frozenset()
    struck = _told(MoveKind.CORRECTION, "eaglet", None, later)
    assert taken_back([struck, mistaken, micro]) == {mistaken.id}
    past = _told(MoveKind.HISTORY, None, "eaglet", date(2019, 5, 1))  # written down after the mistake
    assert taken_back([restored, past, mistaken, micro]) == {mistaken.id}
    promoted = _told(MoveKind.PROMOTION, "eaglet", "gazelle", date(2026, 5, 1))
    assert taken_back([promoted, mistaken, micro]) == frozenset()
