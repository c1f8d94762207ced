"""A firm's way through a window: the stages, which leads to which, and what must be there before."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.filings.terms import Dates, WindowState
from app.labels import Labelled


class Stage(Labelled):
    TARGET = "target", "目标"
    PREPARING = "preparing", "准备中"
    SUBMITTED = "submitted", "已提交"
    RECOMMENDED = "recommended", "已推荐"
    RECOGNISED = "recognised", "已认定"
    REJECTED = "rejected", "未通过"
    WITHDRAWN = "withdrawn", "不申报"


class Happening(Labelled):
    LISTED = "listed", "列入"
    MOVED = "moved", "推进"
    MATERIALS = "materials", "材料"
    CHECKED = "checked", "实地核查"
    ASSIGNED = "assigned", "责任人"
    PUBLICISED = "publicised", "公示"


NEXT: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.TARGET: (Stage.PREPARING, Stage.SUBMITTED, Stage.WITHDRAWN),
    Stage.PREPARING: (Stage.SUBMITTED, Stage.TARGET, Stage.WITHDRAWN),
    Stage.SUBMITTED: (Stage.RECOMMENDED, Stage.PREPARING, Stage.REJECTED, Stage.WITHDRAWN),
    Stage.RECOMMENDED: (Stage.RECOGNISED, Stage.REJECTED, Stage.SUBMITTED, Stage.WITHDRAWN),
    # What was entered wrongly goes back one step; the events keep both.
    Stage.RECOGNISED: (Stage.RECOMMENDED,),
    Stage.REJECTED: (Stage.RECOMMENDED, Stage.SUBMITTED, Stage.TARGET),
    Stage.WITHDRAWN: (Stage.TARGET,),
}
# The bureau's own word, and the authority's: not for a town to enter.
DECIDED = frozenset({Stage.RECOMMENDED, Stage.RECOGNISED, Stage.REJECTED})
ENDED = frozenset({Stage.RECOGNISED, Stage.REJECTED, Stage.WITHDRAWN})
WALK = (Stage.TARGET, Stage.PREPARING, Stage.SUBMITTED, Stage.RECOMMENDED, Stage.RECOGNISED)


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """What somebody found at the firm's own place."""

    on: date
    found: str
    passed: bool
    by: str

    def to_json(self) -> dict[str, Any]:
        return {"on": self.on.isoformat(), "found": self.found, "passed": self.passed, "by": self.by}


@dataclass(frozen=True, slots=True)
class Application:
    id: uuid.UUID
    window_id: uuid.UUID
    firm_id: uuid.UUID
    uscc: str
    firm_name: str
    region_code: str
    stage: Stage
    officer_id: uuid.UUID | None
    officer_name: str | None
    version: int
    submitted_on: date | None
    ready: frozenset[str]  # materials that are there
    check_reasons: frozenset[str]  # why a field check is demanded; empty where none is
    check: FieldCheck | None
    updated_at: datetime

    @property
    def awaits_check(self) -> bool:
        """Somebody must still go and look before it can be recommended."""
        return bool(self.check_reasons) and self.check is None and self.stage not in ENDED


@dataclass(frozen=True, slots=True)
class ApplicationEvent:
    kind: Happening
    from_stage: Stage | None
    to_stage: Stage | None
    at: datetime
    actor_name: str
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def reached(stage: Stage) -> int:
    """How far along the walk; an end off the walk counts as nowhere."""
    return WALK.index(stage) if stage in WALK else -1


def step_fields(
    stage: Stage, to: Stage, *, on: date, reason: str, submitted_on: date | None, dates: Dates, today: date
) -> dict[str, str]:
    """What the person typed wrongly, by field."""
    found: dict[str, str] = {}
    if to not in NEXT[stage]:
        found["to"] = f"“{stage.label}”之后不能直接到“{to.label}”。"
    if on > today:
        found["on"] = "日期不能晚于今天；到那天再登记。"
    elif to is Stage.SUBMITTED and stage in (Stage.TARGET, Stage.PREPARING) and dates.firm_due and on > dates.firm_due:
        found["on"] = f"企业提交截止是 {dates.firm_due}，提交日期不能更晚；已延期的请先在窗口里登记延期。"
    elif to in DECIDED and submitted_on and on < submitted_on:
        found["on"] = f"企业 {submitted_on} 才提交，日期不能更早。"
    if not reason and (to in DECIDED - {Stage.RECOGNISED} or to is Stage.WITHDRAWN or goes_back(stage, to)):
        found["reason"] = {
            Stage.RECOMMENDED: "请写明推荐的理由。",
            Stage.REJECTED: "请写明未通过的原因。",
            Stage.WITHDRAWN: "请写明不申报的原因。",
        }.get(to, "请写明退回的原因，企业和同事都会看到。")
    return found


def goes_back(stage: Stage, to: Stage) -> bool:
    return stage in ENDED or (reached(to) < reached(stage) and to in WALK)


def obstacles(
    application: Application,
    to: Stage,
    *,
    state: WindowState,
    materials: Sequence[Mapping[str, Any]],
    reasons: Mapping[str, str],
    said: str,
) -> list[str]:
    """What stands against the step, each a sentence to act on."""
    if to in (Stage.WITHDRAWN, Stage.TARGET) or goes_back(application.stage, to):
        return []
    if to is not Stage.PREPARING and state is WindowState.REFERENCE:
        return ["这个窗口还没有按当年的通知确认；请先确认窗口。"]
    found = []
    if to is Stage.SUBMITTED and not said:
        lacking = [str(m["label"]) for m in materials if m["code"] not in application.ready]
        if lacking:
            found.append(f"还缺材料：{'、'.join(lacking)}。已在别处交齐的，请在说明里写明。")
    if to is Stage.RECOMMENDED and application.check_reasons:
        why = "、".join(reasons.get(code, code) for code in sorted(application.check_reasons))
        if application.check is None:
            found.append(f"须先实地核查（{why}），还没有核查记录。")
        elif not application.check.passed:
            found.append(f"{application.check.on} 的实地核查没有通过：{application.check.found}")
    return found
