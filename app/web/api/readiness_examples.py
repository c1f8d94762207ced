"""Examples of a carrier's readiness for the specification. The numbers are invented."""

from typing import Any

_FIGURE = {"code": "tenants", "label": "在孵企业", "value": "34", "maybe": 0, "source": "租约"}
_HEALTH = {"code": "occupancy", "label": "使用率", "shown": "82.5%"}
EXAMPLES: dict[str, Any] = {
    "FigureOut": _FIGURE,
    "HealthOut": _HEALTH,
    "ReadinessOut": {
        "on": "2026-11-23",
        "health": [_HEALTH],
        "figures": [_FIGURE],
        "assessments": [
            {
                "policy": "incubator_standard",
                "version": "2025",
                "document": "工信部科〔2025〕131号",
                "as_of": "2026-11-23",
                "outcome": "unknown",
                "criteria": [],
            }
        ],
    },
    "YearIn": {
        "statistics_years": 3,
        "staff": 12,
        "professional_staff": 10,
        "mentors": 8,
        "events": 14,
        "typical_cases": 3,
        "fund": "5000000",
        "funded_cases": 3,
        "invested": 2,
        "total_income": "2600000",
        "service_income": "900000",
    },
    "YearOut": {"year": 2025, "figures": {"staff": "12", "fund": "5000000"}, "by": "示例运营", "version": 1},
}
