"""入孵申请 as firms and their programs send it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.incubation.terms import Need
from app.web.carrier_input import Reader

LONGEST = 2000


def read_need(raw: Mapping[str, Any]) -> Need:
    """Raises Invalid by field."""
    r = Reader(raw)
    since, area = r.day("since", required="请填写希望入驻的日期。"), r.area("area")
    seats = r.count("seats", most=1_000)
    if area is not None and area <= 0:
        r.faults["area"] = "面积要大于 0。"
    if area is None and seats is None and not {"area", "seats"} & r.faults.keys():
        r.faults["area"] = "请填写要多大的房间，或者几个工位。"
    need = Need(
        since=since or date.min,
        area=area,
        seats=seats,
        business=r.text("business", longest=LONGEST, required="请写明主要做什么。"),
        stage_target=r.text("stage_target", longest=LONGEST),
        contact=r.text("contact", required="请填写联系人和电话。"),
    )
    r.done()
    return need
