"""Around a version: what a person may do with it as it stands, how its examples came out, how it came about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.access.terms import TOWN_DIGITS, Permission, Viewer
from app.assessments.terms import VersionState
from app.assessments.versions import Edition
from app.audit.queries import Event
from app.policy.criteria.base import BaseCriterion
from app.policy.criteria.scoring import SumOfScores
from app.policy.examples import failures
from app.web.story import TimelineEntry


@dataclass(frozen=True, slots=True)
class Acts:
    copy: bool
    edit: bool
    discard: bool
    submit: bool
    withdraw: bool
    decide: bool
    ask_retirement: bool
    decide_retirement: bool


def acts_for(edition: Edition, viewer: Viewer) -> Acts:
    drafts = viewer.may(Permission.POLICY_ADMIN)
    decides = viewer.may(Permission.POLICY_APPROVE) and len(viewer.scope) < TOWN_DIGITS
    state, asked = edition.state, edition.retirement
    return Acts(
        copy=drafts,
        edit=drafts and state is VersionState.DRAFT,
        discard=drafts and state is VersionState.DRAFT,
        submit=drafts and state is VersionState.DRAFT,
        withdraw=drafts and state is VersionState.SUBMITTED,
        decide=decides and state is VersionState.SUBMITTED and viewer.id not in edition.drafters,
        ask_retirement=drafts and state is VersionState.PUBLISHED and asked is None,
        decide_retirement=decides and state is VersionState.PUBLISHED and asked is not None,
    )


@dataclass(frozen=True, slots=True)
class ExampleView:
    number: int
    name: str
    as_of: str
    asks: str
    source: str
    wrong: tuple[str, ...]


def examples_of(edition: Edition) -> list[ExampleView]:
    """Run each time they are shown: they are few, and what they say is true of the text as it is now."""
    wrong = failures(edition.pack, edition.version)
    return [
        ExampleView(
            n,
            example.name,
            f"{example.as_of}（{example.case.label}）",
            _asks(edition, n),
            example.source,
            wrong.get(example.name, ()),
        )
        for n, example in enumerate(edition.version.examples)
    ]


def _asks(edition: Edition, number: int) -> str:
    example = edition.version.examples[number]
    criteria = edition.version.criteria
    titles = {one.code: one.title for criterion in criteria for one in _with_parts(criterion)}
    lines = {item.code: item.title for score in criteria if isinstance(score, SumOfScores) for item in score.items}
    told = [f"总结论 {example.outcome.label}"] if example.outcome else []
    told += [f"{titles.get(code, code)} {outcome.label}" for code, outcome in example.criteria.items()]
    told += [f"总分 {example.score[0]} 至 {example.score[1]}"] if example.score else []
    told += [f"{lines.get(code, code)} {low} 至 {high} 分" for code, (low, high) in example.items.items()]
    told += [f"{name} {amount}" for name, amount in example.amounts.items()]
    return "；".join(told)


def _with_parts(criterion: BaseCriterion) -> Iterator[BaseCriterion]:
    yield criterion
    for part in criterion.parts_of():
        yield from _with_parts(part)


def entry(event: Event) -> TimelineEntry:
    """An act in the trail; of an edit, which fields; of a word, its reason."""
    after: dict[str, Any] = event.after or {}
    if event.action == "policy:version:edited":
        detail = "、".join(after)[:300]
    else:
        words = {
            "reason": "理由",
            "on": "停用日期",
            "effective_to": "有效期至",
            "replaces": "取代",
            "copy_of": "复制自",
        }
        said = {word: after[key] for key, word in words.items() if after.get(key)}
        detail = "；".join(
            f"{word}：{'、'.join(value) if isinstance(value, list) else value}" for word, value in said.items()
        )
    return TimelineEntry(event.at, event.actor_name, event.label, detail, machine=False)
