"""One answer of each kind as the specification shows it. Invented firms; a test holds them to their schemas."""

from typing import Any

_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_AT = "2026-11-23T10:20:00+08:00"
_USCC, _NAME = "91440783M159083022", "开平市示例0001号卫浴有限公司"
_SUMMARY = {
    "uscc": _USCC,
    "name": _NAME,
    "region_code": "440783117",
    "park": None,
    "tier": "eaglet",
    "tier_since": "2026-06-01",
    "stale": False,
    "status": "active",
    "officer": "王专员",
    "updated_at": _AT,
    "assessment": None,
}
_ANSWER = {"policy": "gazelle", "outcome": "not_met", "missed": 2, "lacking": 0, "shortfall": "0.183333"}
_MOVE = {"from_tier": "tech_micro", "to_tier": "eaglet", "kind": "promotion", "effective_on": "2026-06-01"}
_MESSAGE = {
    "id": _ID,
    "kind": "tier_moved",
    "channel": "inbox",
    "state": "sent",
    "attempts": 1,
    "answer": "站内消息",
    "says": f"{_NAME}从“科技型小微企业”移到“雏鹰企业”，2026-06-01 生效，王专员办理。",
    "created_at": _AT,
    "sent_at": _AT,
}
_CERTIFICATE = {
    "id": _ID,
    "kind": "hnte",
    "number": "GR202444001234",
    "issued_on": "2024-11-28",
    "expires_on": "2027-11-28",
    "revoked_on": None,
    "state": "in_force",
}

_RD_GAP = {
    "figure": "rd",
    "year": 2025,
    "amount": "815600.00",
    "unit": "元",
    "label": "2025 年研发费用",
    "closed": True,
}
_RD_INTENSITY = {
    "code": "rd_intensity",
    "title": "近三年研发费用占比",
    "outcome": "not_met",
    "required": ">= 0.05",
    "actual": "0.039312",
    "asks": "不低于 5%",
    "found": "3.9312%",
    "gap": _RD_GAP,
    "levers": [_RD_GAP],
    "cite": "32号 第十一条(五)",
    "grade": "M",
    "missing": [],
    "inputs": {"years.2025.sales_revenue": "32340070.00", "years.2025.rd.personnel": "1000000.00"},
    "note": "近三年研发费用占比：现为 3.9312%，要求不低于 5%。还需增加 2025 年研发费用 81.56 万元。",
    "parts": [],
}
_ASSESSMENT = {
    "policy": "hnte",
    "title": "高新技术企业认定",
    "version": "2016",
    "document": "国科发火〔2016〕32号",
    "label": "",
    "case": "new",
    "as_of": "2026-06-01",
    "outcome": "not_met",
    "missed": 1,
    "lacking": 0,
    "criteria": [_RD_INTENSITY],
    "score": {
        "low": 71,
        "high": 83,
        "pass": "> 70",
        "outcome": "met",
        "items": [
            {"code": "sales_growth", "title": "销售收入增长率", "low": 7, "high": 8, "max": 10, "rate": "0.251523"}
        ],
    },
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "FirmList": {"items": [{**_SUMMARY, "assessment": _ANSWER}], "next": None},
    "FirmOut": {
        **{k: v for k, v in _SUMMARY.items() if k not in ("stale", "assessment")},
        "region": "水口镇",
        "industry_code": "C3360",
        "high_tech_field": "801",
        "direction": "high_end_equipment",
        "size_class": "small",
        "above_designated_size": True,
        "registered_on": "2018-08-10",
        "registered_capital": "1000000.00",
        "address": "水口镇示例路1号",
        "officer_id": _ID,
        "next_touch_on": "2026-12-01",
        "remark": None,
        "contacts": [{"name": "联系人1", "phone": "13800000001", "title": "财务", "email": ""}],
        "tags": ["重点跟进"],
        "former_names": [],
        "certificates": [
            {
                "kind": "hnte",
                "number": "GR202444001234",
                "issued_on": "2024-11-28",
                "expires_on": "2027-11-28",
                "state": "in_force",
            }
        ],
        "version": 3,
    },
    "CertificateOut": _CERTIFICATE,
    "CertificateList": {"items": [_CERTIFICATE], "next": None},
    "BoardOut": {
        "ladder": "main",
        "columns": [
            {
                "tier": "eaglet",
                "label": "雏鹰企业",
                "count": 1,
                "stale": 0,
                "cards": [
                    {
                        "uscc": _USCC,
                        "name": _NAME,
                        "region_code": "440783117",
                        "since": "2026-06-01",
                        "days": 175,
                        "stale": False,
                        "waits": False,
                        "next": _ANSWER,
                        "due": {"on": "2026-12-18", "matter": "window", "said": "高企第二批"},
                    }
                ],
                "next": None,
            }
        ],
        "stats_at": _AT,
    },
    "AssessmentList": {"items": [_ASSESSMENT], "next": None},
    "WhatIfIn": {
        "changes": {"years.2025.rd.personnel": "2000000.00"},
        "policy": "hnte",
        "as_of": "2026-06-01",
        "case": "new",
    },
    "WhatIfOut": {"items": [{"policy": "hnte", "before": _ASSESSMENT, "after": _ASSESSMENT}]},
    "MoveMade": {"id": _ID, "state": "recorded", "uscc": _USCC, **_MOVE, "reasons": []},
    "MoveList": {
        "items": [
            {
                "id": _ID,
                **_MOVE,
                "recorded_at": _AT,
                "actor": "王专员",
                "approver": None,
                "reason": "营收同比增长三成，新增Ⅱ类知识产权三项",
                "override_reason": None,
            }
        ],
        "next": None,
    },
    "Decided": {"id": _ID, "state": "approved", "uscc": _USCC},
    "RevealIn": {"reason": "核实企业的投诉"},
    "RevealOut": {"uscc": _USCC, "contacts": [{"name": "联系人1", "phone": "13800000001", "title": "", "email": ""}]},
    "RejectIn": {"reason": "证书复印件不清晰，请补正后再提交"},
    "AuditList": {
        "items": [
            {
                "id": _ID,
                "at": _AT,
                "actor": "王专员",
                "role": "officer",
                "action": "firm:tier:moved",
                "object_type": "firm",
                "object_id": _ID,
                "object_label": _NAME,
                "before": {"tier": "tech_micro"},
                "after": {"tier": "eaglet", "effective_on": "2026-06-01", "kind": "promotion"},
                "succeeded": True,
                "ip": "10.0.0.7",
                "session_id": "5b1f22c09d7e",
                "request_id": "5c1f0c1be9d44f3a8d6a3f1e0b7a9c2d",
                "number": 4711,
            }
        ],
        "next": None,
    },
    "MessageOut": _MESSAGE,
    "MessageList": {"items": [_MESSAGE], "next": None},
}
