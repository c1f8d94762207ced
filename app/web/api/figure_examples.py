"""The example of a firm's yearly figures for the specification."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "FiguresOut": {
        "uscc": "91440783M159083022",
        "year": 2025,
        "state": "returned",
        "form": "annual",
        "form_version": 1,
        "round": 1,
        "number": "2025-91440783M159083022-01",
        "source": "企业填报",
        "figures": {"sales_revenue": "46000000.00", "headcount": "120", "rd.personnel": "1900000.00"},
        "computed": {"rd.total": "1900000.00"},
        "rows": {"projects": [{"project.name": "节水阀芯", "project.spent": "600000.00"}]},
        "explanations": {"sales_revenue.change": "新厂投产"},
        "comments": {"rd.personnel": "与辅助账不符，请核对"},
        "open": ["rd.personnel"],
        "faults": [{"code": "net_assets", "label": "净资产", "sentence": "还没有填；没有请填 0。", "missing": True}],
        "doubts": [{"key": "sales_revenue.change", "label": "销售收入", "sentence": "比上年多 75%，请说明原因。"}],
        "submitted_at": "2026-11-20T09:30:00+08:00",
        "submitter": "周会计",
        "decided_at": "2026-11-23T10:20:00+08:00",
        "decider": "王专员",
    }
}
