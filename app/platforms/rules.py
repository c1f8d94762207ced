"""What an entry of the register must say, and what it is worth on a day."""

from datetime import date

from app.platforms.terms import PlatformEntry, PlatformKind, PlatformLevel, PlatformState


def state_on(day: date, *, recognised_on: date, valid_to: date | None, ended_on: date | None) -> PlatformState:
    """Its last day still counts; the day of its end no longer does."""
    if ended_on is not None and ended_on <= day:
        return PlatformState.ENDED
    if day < recognised_on:
        return PlatformState.NOT_YET
    return PlatformState.LAPSED if valid_to is not None and day > valid_to else PlatformState.IN_FORCE


def problems(entry: PlatformEntry, *, today: date) -> dict[str, str]:
    """By field."""
    found: dict[str, str] = {}
    own = entry.kind is PlatformKind.OWN_INSTITUTION
    if own != (entry.level is PlatformLevel.ENTERPRISE):
        found["level"] = "企业自办研发机构的级别是“企业自建”；其他平台请选认定它的那一级。"
    if entry.recognised_on > today:
        found["recognised_on"] = "认定日期不能晚于今天。"
    if entry.valid_to is not None and entry.valid_to <= entry.recognised_on:
        found["valid_to"] = "有效期止要晚于认定日期。"
    if entry.ended_on is not None and not entry.recognised_on <= entry.ended_on <= today:
        found["ended_on"] = "撤销日期要在认定日期和今天之间。"
    if entry.firm_id is None and not entry.host_name:
        found["host"] = "请填写依托单位。"
    elif entry.firm_id is None and not entry.region_code:
        found["region_code"] = "依托单位不在企业库里，请选择它所在的镇街。"
    return found
