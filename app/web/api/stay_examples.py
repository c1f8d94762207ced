"""Examples of what is not agreed on and of graduates. The names are invented."""

from typing import Any

_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_DISAGREEMENT = {
    "id": _ID,
    "carrier_id": _ID,
    "carrier": "示例孵化器",
    "uscc": "91440783M159083022",
    "firm": "开平市示例机械有限公司",
    "kind": "address",
    "evidence": "登记地址：长沙街道另一路 9 号",
    "firm_word": "正在办理地址变更",
    "carrier_word": "协议和房租都在，人在里面",
    "bureau_word": "",
    "opened_by": "系统",
    "opened_at": "2026-11-23T01:40:00+08:00",
    "state": "open",
    "settled_by": "",
    "settled_at": None,
    "result": "",
    "version": 3,
}
_OWN = {
    "id": _ID,
    "carrier_id": _ID,
    "carrier": "示例孵化器",
    "operator": "示例运营有限公司",
    "place": "A 座 3层 301",
    "seats": 1,
    "from": "2025-01-01",
    "to": "2026-12-31",
    "incubating_since": "2025-01-01",
    "months_used": 22,
    "limit_months": 48,
    "limit_basis": "国科发区〔2018〕300号 第八条(三)",
    "agreement_no": "FH-2025-09",
    "agreement_on": "2024-12-20",
    "stage_target": "2026 年营业收入 300 万元",
    "ended_on": None,
    "end_reason": None,
}
_WORD = {
    "speaker": "carrier",
    "author": "示例运营员",
    "where": "near",
    "revenue": "3205000.00",
    "staff": 18,
    "note": "迁到水口镇的新厂房",
    "recorded_at": "2026-11-23T10:20:00+08:00",
    "version": 1,
}
_YEAR = {
    "nth": 1,
    "due_on": "2025-11-23",
    "year": 2024,
    "due": True,
    "where": "near",
    "revenue": "3205000.00",
    "staff": 18,
    "tier": "eaglet",
    "source": "载体（示例运营员）",
    "words": [_WORD],
}
_GRADUATE = {
    "tenancy_id": _ID,
    "carrier_id": _ID,
    "carrier": "示例孵化器",
    "uscc": "91440783M159083022",
    "firm": "开平市示例机械有限公司",
    "graduated_on": "2024-11-23",
    "document": "国科发区〔2018〕300号",
    "years": [_YEAR],
}
EXAMPLES: dict[str, Any] = {
    "DisagreementIn": {"tenancy": _ID, "carrier": None, "words": "2026 年 3 月已经搬走"},
    "WordsIn": {"words": "正在办理地址变更"},
    "DisagreementOut": _DISAGREEMENT,
    "DisagreementList": {"items": [_DISAGREEMENT], "next": None},
    "CheckOut": {"opened": 1, "settled": 0},
    "AfterIn": {"where": "near", "revenue": "3205000.00", "staff": 18, "note": "迁到水口镇的新厂房"},
    "WordOut": _WORD,
    "AfterOut": _YEAR,
    "OwnTenancyOut": _OWN,
    "OwnTenancyList": {"items": [_OWN], "next": None},
    "GraduateOut": _GRADUATE,
    "GraduateList": {"items": [_GRADUATE], "next": None},
}
