"""Examples of a carrier's readiness for the specification. The numbers are invented."""

from typing import Any

_FIGURE = {"code": "tenants", "label": "在孵企业", "value": "34", "maybe": 0, "source": "租约"}
EXAMPLES: dict[str, Any] = {
    "FigureOut": _FIGURE,
    "ReadinessOut": {
        "on": "2026-11-23",
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
    "YearIn": {"staff": 12, "professional_staff": 10, "mentors": 8, "fund": "5000000", "events": 14},
    "YearOut": {"year": 2025, "figures": {"staff": "12", "fund": "5000000"}, "by": "示例运营", "version": 1},
}
