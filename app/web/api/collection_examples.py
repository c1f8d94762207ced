"""Examples of collections and statistics for the specification. The names are invented."""

from typing import Any

_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_FIGURES = {
    "tenant.venture": "0",
    "total_income": "1200500",
    "net_profit": "-30000",
    "tenant.rd": "80000",
    "tenant.taxes": "5000",
    "tenant.staff": "20",
    "tenant.graduates": "3",
}
_ROUND = {
    "id": _ID,
    "carrier_id": _ID,
    "period": "2026Q3",
    "due_on": "2026-12-05",
    "owing": 7,
    "answered": 4,
    "closed_at": None,
    "version": 1,
}
_GIVEN = {
    "id": _ID,
    "uscc": "91440783M159083022",
    "team": None,
    "state": "answered",
    "figures": _FIGURES,
    "answered_at": "2026-11-23T10:20:00+08:00",
    "chases": 1,
    "version": 2,
}
_OWED = {
    "id": _ID,
    "carrier": "示例孵化器",
    "period": "2026Q3",
    "due_on": "2026-12-05",
    "open": True,
    "state": "waiting",
    "figures": {"tenant.staff": "20"},
    "items": {"tenant.staff": "从业人员"},
    "version": 1,
}
_LINE = {"code": "t.firms", "label": "在孵企业数", "unit": "家", "counted": "7", "value": "7", "reason": ""}
_CORRECTION = {"code": "t.firms", "value": "8", "reason": "1 家的租约还没有登记"}
EXAMPLES: dict[str, Any] = {
    "RoundIn": {"period": "2026Q3", "due_on": "2026-12-05"},
    "RoundOut": _ROUND,
    "RoundList": {"items": [_ROUND], "next": None},
    "RoundDetail": {**_ROUND, "answers": [_GIVEN]},
    "GivenOut": _GIVEN,
    "OwedOut": _OWED,
    "OwedList": {"items": [_OWED], "next": None},
    "GiveIn": {"figures": _FIGURES, "note": ""},
    "EnterIn": {"figures": _FIGURES, "basis": "负责人 12 月 1 日签字的季报表"},
    "ExcuseIn": {"reason": "已停业"},
    "CorrectionIn": _CORRECTION,
    "CorrectIn": {"lines": [_CORRECTION]},
    "ChasedOut": {"told": 3, "today_already": 0, "no_account": 1},
    "CloseIn": {"despite": ""},
    "LineOut": _LINE,
    "ProblemOut": {"sentence": "还有 1 家没有报：示例团队；合计没有算上它们。", "hard": True},
    "StatisticsOut": {
        "title": "季度情况调查",
        "note": "只查到报表名称，没有查到表样：栏目是本系统默认的，上报前请与平台核对。",
        "lines": [_LINE],
        "head": [],
        "rows": [],
        "problems": [],
    },
}
