"""Worked examples: what a version promises, and where it does not keep it."""

from collections.abc import Iterator
from datetime import date

from app.errors import Invalid
from app.policy.deduction import deduct_facts
from app.policy.evaluate import assess
from app.policy.packs import Example, Pack, Version
from app.policy.parsing import parse_facts
from app.policy.terms import Assessment, Criterion


def failures(pack: Pack, version: Version) -> dict[str, tuple[str, ...]]:
    """By the name of the example, what came out otherwise than written; empty when all hold."""
    alone = pack.model_copy(update={"versions": (version,)})
    found = {example.name: tuple(_differences(alone, version, example)) for example in version.examples}
    return {name: sentences for name, sentences in found.items() if sentences}


def _differences(pack: Pack, version: Version, example: Example) -> Iterator[str]:
    if not version.in_force(example.as_of, example.case):
        yield f"{example.as_of}（{example.case.label}）不在本版本的有效期内。"
        return
    try:
        if version.deduction is not None:
            yield from _amounts(pack, example)
            return
        facts = parse_facts(example.facts, horizon=example.as_of)
    except Invalid as invalid:
        yield from (f"{path or '事实'}：{sentence}" for path, sentence in invalid.fields.items())
        return
    yield from _answers(assess(pack, facts, as_of=example.as_of, case=example.case), example)


def _amounts(pack: Pack, example: Example) -> Iterator[str]:
    printed = deduct_facts(pack, example.facts, today=date.max).to_json()
    for name, wanted in example.amounts.items():
        if printed.get(name) != wanted:
            yield f"{name} 应为 {wanted}，得到 {printed.get(name)}。"


def _answers(answer: Assessment, example: Example) -> Iterator[str]:
    if example.outcome is not None and answer.outcome is not example.outcome:
        yield f"总结论应为“{example.outcome.label}”，得到“{answer.outcome.label}”。"
    found = dict(_flat(answer.criteria))
    for code, outcome in example.criteria.items():
        if code not in found:
            yield f"没有条件 {code}。"
        elif found[code].outcome is not outcome:
            yield f"{found[code].title}应为“{outcome.label}”，得到“{found[code].outcome.label}”。"
    score = answer.score
    if example.score is not None and (score is None or (score.low, score.high) != example.score):
        yield f"总分应为 {example.score}，得到 {(score.low, score.high) if score else '没有评分'}。"
    points = {item.code: (item.low, item.high) for item in score.items} if score else {}
    for code, wanted in example.items.items():
        if points.get(code) != wanted:
            yield f"得分项 {code} 应为 {wanted}，得到 {points.get(code)}。"


def _flat(criteria: tuple[Criterion, ...]) -> Iterator[tuple[str, Criterion]]:
    for criterion in criteria:
        yield criterion.code, criterion
        yield from _flat(criterion.parts)
