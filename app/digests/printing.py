"""What the printed page and the letter's picture are set from."""

from collections.abc import Collection, Mapping
from typing import Any

from app.config import TEMPLATES
from app.digests.telling import change_words, chosen, headline, known_words, parted, towns_words
from app.typeset import pages_of, set_pdf, set_png

_PAGE, _CHART = TEMPLATES / "print" / "digest.typ", TEMPLATES / "print" / "chart.typ"
TITLE = "科技企业梯度培育周报"
# How large and how many lines of each list, from roomy to tight.
_FITS = ((9.0, 6), (8.5, 4), (8.0, 3), (8.0, 2))
MOST_PAGES = 2


def bars_of(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ladder is drawn; every other section is told."""
    if section["code"] != "ladder":
        return []
    return [
        {
            "label": one["label"],
            "value": one["value"],
            "shown": f"{one['value']:,}",
            "change": change_words(one["value"], one["before"]),
        }
        for one in section["lists"]
    ]


def chart(document: Mapping[str, Any], *, fonts: str = "") -> bytes:
    """The ladder as a picture. Raises NoFont."""
    ladder = next(s for s in document["sections"] if s["code"] == "ladder")
    data = {"title": "梯队现状", "under": f"{document['scope_name']} · {document['label']}", "rows": bars_of(ladder)}
    return set_png(_CHART, data, fonts=fonts)


def pdf(
    document: Mapping[str, Any], *, bureau: str, sections: Collection[str] = (), footer: str = "", fonts: str = ""
) -> bytes:
    """One A4 page if the week fits, two at most. Raises NoFont."""
    tried = [page_data(document, bureau, sections, footer, size, most) for size, most in _FITS]
    pages = [(pages_of(_PAGE, tried[0], fonts=fonts), tried[0])]
    for data in tried[1:]:
        if pages[-1][0] == 1:
            break
        pages.append((pages_of(_PAGE, data, fonts=fonts), data))
    fitting = [data for n, data in pages if n == 1] or [data for n, data in pages if n <= MOST_PAGES] or [tried[-1]]
    return set_pdf(_PAGE, fitting[0], fonts=fonts)


def page_data(
    document: Mapping[str, Any], bureau: str, sections: Collection[str], footer: str, size: float, most: int
) -> dict[str, Any]:
    return {
        "title": TITLE,
        "bureau": bureau,
        "under": f"{document['label']} · {document['scope_name']} · {known_words(document)}",
        "footer": footer,
        "size": size,
        "headline": headline(document),
        "sections": [
            {
                "title": s["title"],
                "note": s["note"],
                "bars": bars_of(s),
                "lists": [] if bars_of(s) else [_list(one, most) for one in parted(s)[0]],
                "none": parted(s)[1],
            }
            for s in chosen(document, sections)
        ],
    }


def _list(one: Mapping[str, Any], most: int) -> dict[str, Any]:
    lines = one["lines"][:most]
    more = one["value"] - len(lines)
    change = change_words(one["value"], one["before"])
    return {
        "label": one["label"],
        "shown": f"{one['value']:,}",
        "change": f"比上周 {change}" if change else "",
        "lines": [{k: line[k] or "" for k in ("name", "region", "said")} for line in lines],
        "more": f"另有 {more:,} 项{towns_words(one)}" if lines and more > 0 else "",
    }
