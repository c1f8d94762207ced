"""A plan's indicator and its targets as an administrator types them: a Chinese sentence per field."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.errors import Invalid
from app.labels import Labelled
from app.plans.editing import IndicatorEntry, order_problems
from app.plans.terms import Indicator, IndicatorKind, Reading, Target, TargetLevel
from app.platforms.terms import PlatformKind
from app.units import Unit
from app.web.forms import clean_text
from app.web.target_input import read_number

LABELS = {
    "code": "代码",
    "title": "名称",
    "unit": "单位",
    "kind": "种类",
    "scale": "比率乘数",
    "baseline": "基期值",
    "definition": "定义",
    "owner": "数据来自",
    "basis": "依据",
    "counting": "台账怎样计数",
    "reading": "读法",
    "weight": "镇级评分权重",
}
_TEXTS = {"title": (60, "请填写指标名称。"), "unit": (10, "请填写单位。"), "definition": (500, ""), "owner": (100, "")}
_PLATFORMS = [k.value for k in PlatformKind if k.value.endswith(("centre", "laboratory", "innovation"))]
# What the ledger can count, by the word in the form.
COUNTING: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "": ("不从台账计数", {}),
    "hnte": ("有效期内的高企证书", {"of": "certificates", "kind": "hnte", "when": "in_force"}),
    "tech_sme": ("当年入库的科技型中小企业", {"of": "certificates", "kind": "tech_sme", "when": "issued"}),
    "srdi": ("有效期内的专精特新证书", {"of": "certificates", "kind": "srdi", "when": "in_force"}),
    "coverage": ("规上工业研发机构覆盖率", {"of": "coverage"}),
    "platforms": (
        "省级及以上创新平台",
        {"of": "platforms", "levels": ["national", "provincial"], "kinds": _PLATFORMS},
    ),
    "carriers": (
        "孵化器、众创空间、星创天地",
        {"of": "carriers", "kinds": ["incubator", "makerspace", "agri_maker"]},
    ),
    "tech_micro": ("科技型小微梯队的企业", {"of": "tier", "tier": "tech_micro"}),
}


def counting_word(indicator: Indicator) -> str:
    """The form's word for how an indicator is counted; "kept" for a way that only seeds can say."""
    return next((word for word, (_, how) in COUNTING.items() if how == indicator.counting), "kept")


def read_code(raw: Mapping[str, str]) -> str:
    code = raw.get("code", "").strip().lower()
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,38}", code, re.ASCII):
        raise Invalid({"code": "用小写英文字母、数字和下划线，以字母开头，如 hnte。"})
    return code


def read_indicator(raw: Mapping[str, str], held: Indicator | None) -> IndicatorEntry:
    """Raises Invalid by field."""
    faults: dict[str, str] = {}
    texts = {f: _text(f, raw, longest, needed, faults) for f, (longest, needed) in _TEXTS.items()}
    basis = _text("basis", raw, 200, "", faults)
    kind, reading = _word(IndicatorKind, "kind", raw, faults), _word(Reading, "reading", raw, faults)
    growth = kind is IndicatorKind.GROWTH
    baseline = read_number("baseline", raw.get("baseline"), Unit.YI_YUAN if growth else Unit.YUAN, faults)
    scale = read_number("scale", raw.get("scale") or "100", Unit.YUAN, faults)
    weight = read_number("weight", raw.get("weight") or "0", Unit.YUAN, faults)
    if scale is not None and not 0 < scale <= 10**6:
        faults["scale"] = "请填大于 0、不超过 1000000 的数。"
    if weight is not None and not 0 <= weight <= 1000:
        faults["weight"] = "请填 0 到 1000 的数。"
    if baseline is not None and baseline < 0:
        faults["baseline"] = "请填不小于 0 的数。"
    counting = _counting(raw.get("counting", ""), held, faults)
    if faults or kind is None or reading is None or scale is None or weight is None:
        raise Invalid(faults)
    return IndicatorEntry(
        kind=kind, money=growth, scale=scale, baseline=baseline, basis=basis, counting=counting,
        reading=reading, weight=weight, **texts,
    )  # fmt: skip


def _counting(said: str, held: Indicator | None, faults: dict[str, str]) -> Mapping[str, Any]:
    if said == "kept" and held is not None:
        return held.counting
    if said in COUNTING:
        return COUNTING[said][1]
    faults["counting"] = "请选择台账怎样计数。"
    return {}


def _text(field: str, raw: Mapping[str, str], longest: int, needed: str, faults: dict[str, str]) -> str:
    try:
        return clean_text(field, raw.get(field, ""), longest=longest, required=needed)
    except Invalid as error:
        faults |= error.fields
        return ""


def _word(kind: type[Labelled], field: str, raw: Mapping[str, str], faults: dict[str, str]) -> Any:
    said = raw.get(field, "")
    if said in dict(kind.options()):
        return kind(said)
    faults[field] = f"请选择{LABELS[field]}。"
    return None


def target_name(scope: str, level: TargetLevel) -> str:
    return f"t.{scope}.{level.value}"


def read_targets(raw: Mapping[str, str], indicator: Indicator, year: int, scopes: Sequence[str]) -> list[Target]:
    """A number, or the words of a target that was named and not issued. Raises Invalid by field."""
    faults: dict[str, str] = {}
    found: list[Target] = []
    for scope in scopes:
        values: dict[TargetLevel, Decimal | None] = {}
        for level in TargetLevel:
            name = target_name(scope, level)
            said = raw.get(name, "").strip()
            if not said:
                continue
            if any(c.isdigit() for c in said) or said[0] in ".-+":
                values[level] = read_number(name, said, Unit.YUAN, faults)
                found.append(Target(indicator.code, scope, year, level, values[level], ""))
            else:
                words = _text(name, raw, 40, "", faults)
                found.append(Target(indicator.code, scope, year, level, None, words))
        if wrong := order_problems(values):
            faults.setdefault(target_name(scope, TargetLevel.TARGET), wrong)
    if faults:
        raise Invalid(faults)
    return found
