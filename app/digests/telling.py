"""A digest as plain text: for the letter's second half, the terminal, and the group's robot."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.digests.composing import value_of
from app.digests.terms import Line, SectionCode

_TIERS = ("tier-tech_micro", "tier-eaglet", "tier-gazelle", "tier-hnte", "tier-leader", "tier-none")


def chosen(document: Mapping[str, Any], sections: Collection[str]) -> list[dict[str, Any]]:
    """The sections that somebody wants; all of them where nothing was chosen."""
    return [s for s in document["sections"] if not sections or s["code"] in sections]


def total_of(document: Mapping[str, Any]) -> int | None:
    """Everybody in the registry: those of every tier, and those of none."""
    keys = [one["key"] for s in document["sections"] if s["code"] == "ladder" for one in s["lists"]]
    return value_of(document, *keys) if keys else None


def change_words(value: int, before: int | None) -> str:
    """ "＋2", "－1", "持平"; empty where the week before is not known."""
    if before is None:
        return ""
    change = value - before
    return f"＋{change}" if change > 0 else f"－{-change}" if change else "持平"


def headline(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The five figures on top: label, value, and what stands beneath."""
    total, up, down = total_of(document), value_of(document, "moved-up"), value_of(document, "moved-down")
    lists = {one["key"]: one for s in document["sections"] for one in s["lists"]}
    found = [("在库企业", _shown(total), _since(document, total))]
    if hnte := lists.get("tier-hnte"):
        found.append((hnte["label"], _shown(hnte["value"]), change_words(hnte["value"], hnte["before"])))
    found.append(
        ("上移 / 下移", f"{_shown(up)} / {_shown(down)}", f"越过条件 {_shown(value_of(document, 'overridden'))}")
    )
    due = value_of(document, "due-windows", "due-tasks", "due-certificates")
    found.append(("三周内到期", _shown(due), f"逾期待办 {_shown(value_of(document, 'late-tasks'))}"))
    stuck = lists.get("stuck")
    under = change_words(stuck["value"], stuck["before"]) if stuck else "事后编制，无法还原"
    found.append(("停滞企业", _shown(stuck["value"] if stuck else None), under))
    return found


def _since(document: Mapping[str, Any], total: int | None) -> str:
    lists = [one for s in document["sections"] if s["code"] == "ladder" for one in s["lists"]]
    if total is None or not lists or any(one["before"] is None for one in lists):
        return ""
    return change_words(total, sum(one["before"] for one in lists))


def _shown(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"


def known_words(document: Mapping[str, Any]) -> str:
    at = f"{document['known_at'][:10]} {document['known_at'][11:16]}"
    return f"按 {at} 所知，事后编制" if document["afterwards"] else f"{at} 编制时所知"


def text_of(
    document: Mapping[str, Any],
    *,
    sections: Collection[str] = (),
    corrections: tuple[int, Sequence[Line]] = (0, ()),
    address: str = "",
) -> str:
    out = [
        "科技企业梯度培育周报",
        f"{document['label']} · {document['scope_name']} · {known_words(document)}",
        "",
        "；".join(f"{label} {value}" + (f"（{under}）" if under else "") for label, value, under in headline(document)),
    ]
    for section in chosen(document, sections):
        out += ["", f"【{section['title']}】"]
        if section["note"]:
            out.append(section["note"])
        some, none = parted(section)
        for one in some:
            out += _list_lines(one)
        if none:
            out.append(none)
    total, lines = corrections
    if total:
        out += ["", f"【发送以后的更正与补记】{total} 项"]
        out += [f"  - {c.name}（{c.region}）：{c.said}" for c in lines]
    if address:
        out += ["", f"在网页上看，每个数都能打开名单：{address}"]
    return "\n".join(out) + "\n"


def parted(section: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The lists that have anybody in them, and a sentence that names the others. A ladder shows every rung."""
    if section["code"] == SectionCode.LADDER:
        return section["lists"], ""
    none = [_none_words(one) for one in section["lists"] if not one["value"]]
    return [one for one in section["lists"] if one["value"]], f"没有：{'、'.join(none)}" if none else ""


def _none_words(one: Mapping[str, Any]) -> str:
    before = f"（上周 {one['before']:,}）" if one["before"] else ""
    return f"{one['label']}{before}"


def _list_lines(one: Mapping[str, Any]) -> list[str]:
    change = change_words(one["value"], one["before"])
    out = [f"{one['label']}：{one['value']:,}" + (f"（比上周 {change}）" if change else "")]
    out += [f"  - {line_words(line)}" for line in one["lines"]]
    if one["lines"] and (more := one["value"] - len(one["lines"])) > 0:
        out.append(f"  … 另有 {more:,} 项{towns_words(one)}")
    return out


def line_words(line: Mapping[str, Any]) -> str:
    where = f"（{line['region']}）" if line["region"] else ""
    return f"{line['name']}{where}：{line['said']}"


def towns_words(one: Mapping[str, Any]) -> str:
    """Where all of them gather, not the rest alone, when they are of several towns."""
    towns = one["towns"]
    gathered = "、".join(f"{name} {n}" for _, name, n in towns)
    return f"；全部 {one['value']:,} 项里，{gathered}" if len(towns) > 1 else ""


def card_of(document: Mapping[str, Any], address: str) -> str:
    """For a group's robot: counts and dates, and nothing of any firm."""
    said = "；".join(f"{label} {value}" for label, value, _ in headline(document))
    return f"【周报】{document['scope_name']} {document['label']}：{said}。详见 {address}"
