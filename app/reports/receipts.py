"""The receipt of what was handed in, as a sheet to print, stamp and keep."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from app.clock import BUSINESS_ZONE
from app.config import TEMPLATES
from app.firms.terms import FirmDetail
from app.reports.catalogue import Form, Kind
from app.reports.queries import Filing, Round
from app.reports.reading import shown
from app.typeset import set_pdf

_SHEET = TEMPLATES / "print" / "receipt.typ"
TITLE = "年度填报回执"


def check_code(signed: Round) -> str:
    """Twelve characters that stand for all that was signed: a sheet whose figures were altered shows another's."""
    said = {"number": signed.number, "answers": signed.vouched, "figures": signed.figures}
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12].upper()
    code = "-".join(digest[at : at + 4] for at in (0, 4, 8))
    return signed.printed.get(code, code)


def main_figures(form: Form, figures: Mapping[str, str]) -> list[tuple[str, str]]:
    """What policies read, and the sums, as on the screen."""
    asked = [q for s in form.sections if not s.group for q in s.questions if q.policy or q.kind is Kind.SUM]
    return [(q.label, shown(Decimal(figures[q.code]), q)) for q in asked if q.code in figures]


def sheet_data(firm: FirmDetail, filing: Filing, form: Form, signed: Round, *, bureau: str) -> dict[str, Any]:
    state = signed.state.label
    if signed.decided_at is not None:
        state = f"{state}（{signed.decider_name} {_moment(signed.decided_at)}）"
    return {
        "title": TITLE,
        "bureau": bureau,
        "number": signed.number,
        "check": check_code(signed),
        "facts": [
            ["企业", firm.name],
            ["统一社会信用代码", firm.uscc],
            ["填报内容", f"{filing.year} 年度 {form.title}（第 {form.version} 版）"],
            ["签字人", signed.submitter_name],
            ["提交时间", _moment(signed.submitted_at)],
            ["状态", state],
        ],
        "figures": [list(pair) for pair in main_figures(form, signed.figures)],
        "explanations": len(signed.explanations),
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"


def receipt_pdf(firm: FirmDetail, filing: Filing, form: Form, signed: Round, *, bureau: str, fonts: str = "") -> bytes:
    """Raises NoFont."""
    return set_pdf(_SHEET, sheet_data(firm, filing, form, signed, bureau=bureau), fonts=fonts)
