"""Examples of applications for entry. The names are invented."""

from typing import Any

_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_ENTRY = {
    "id": _ID,
    "carrier_id": _ID,
    "carrier_name": "示例孵化器",
    "uscc": "91440783M159083022",
    "firm_name": "开平市示例机械有限公司",
    "from": "2027-01-01",
    "area": "80.00",
    "seats": None,
    "business": "水暖卫浴智能温控阀的研发和生产",
    "stage_target": "一年内申请两件发明专利",
    "contact": "示例联系人 13800000000",
    "found": {
        "policy": "incubation_entry",
        "version": "2018",
        "document": "国科发区〔2018〕300号",
        "as_of": "2027-01-01",
        "outcome": "manual",
        "met": [],
        "lacking": ["注册地和主要研发、办公场所在本孵化器内：需人工判断"],
        "stated": "",
    },
    "state": "waiting",
    "asked_at": "2026-11-23T10:20:00+08:00",
    "closes_on": "2027-01-22",
    "answer": "",
    "tenancy_id": None,
}
EXAMPLES: dict[str, Any] = {
    "EntryIn": {
        "from": "2027-01-01",
        "area": "80",
        "seats": None,
        "business": "水暖卫浴智能温控阀的研发和生产",
        "stage_target": "一年内申请两件发明专利",
        "contact": "示例联系人 13800000000",
    },
    "AcceptIn": {
        "space": _ID,
        "from": "2027-01-01",
        "to": "2028-12-31",
        "seats": 1,
        "incubates": True,
        "special_field": None,
        "rent_reduced": False,
        "agreement_no": "FH-2027-001",
        "ground": "",
    },
    "DeclineIn": {"reason": "暂时没有合适的房间"},
    "EntryOut": _ENTRY,
    "EntryList": {"items": [_ENTRY], "next": None},
}
