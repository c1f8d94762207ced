"""What happened to an application, in the words people read."""

from collections.abc import Callable, Mapping
from typing import Any

from app.filings.stages import ApplicationEvent, Happening
from app.filings.terms import Programme
from app.web.story import TimelineEntry

Detail = Mapping[str, Any]


def _labels(programme: Programme) -> dict[str, str]:
    return {str(x["code"]): str(x["label"]) for x in (*programme.materials, *programme.field_checks)}


def _moved(e: ApplicationEvent, _: dict[str, str]) -> str:
    way = "".join(f"{s.label} → " for s in (e.from_stage,) if s) + (e.to_stage.label if e.to_stage else "")
    return " · ".join(str(s) for s in (way, e.detail.get("on"), e.detail.get("number")) if s)


def _materials(e: ApplicationEvent, labels: dict[str, str]) -> str:
    added = [f"＋{labels.get(code, code)}" for code in e.detail.get("added", ())]
    return "，".join(added + [f"－{labels.get(code, code)}" for code in e.detail.get("removed", ())])


def _checked(e: ApplicationEvent, labels: dict[str, str]) -> str:
    said = e.detail
    if "reasons" in said:
        return "须核查：" + ("、".join(labels.get(code, code) for code in said["reasons"]) or "没有须核查的情形")
    return f"{said['on']} {said['by']} {'通过' if said['passed'] else '不通过'}：{said['found']}"


def _publicised(e: ApplicationEvent, _: dict[str, str]) -> str:
    return "撤销" if e.detail.get("taken_back") else str(e.detail.get("on", ""))


_WORDS: dict[Happening, Callable[[ApplicationEvent, dict[str, str]], str]] = {
    Happening.LISTED: lambda _, __: "",
    Happening.MOVED: _moved,
    Happening.MATERIALS: _materials,
    Happening.CHECKED: _checked,
    Happening.ASSIGNED: lambda e, _: str(e.detail.get("officer") or "未指定"),
    Happening.PUBLICISED: _publicised,
}


def story(events: list[ApplicationEvent], programme: Programme) -> list[TimelineEntry]:
    labels = _labels(programme)
    return [
        TimelineEntry(
            e.at, e.actor_name, f"{e.kind.label} {_WORDS[e.kind](e, labels)}".strip(), e.reason, machine=False
        )
        for e in events
    ]
