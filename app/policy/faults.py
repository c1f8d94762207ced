"""What is wrong with a pack, in words: the checks' own sentences as they are, the library's by their kind."""

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "missing": "缺少这一项。",
    "extra_forbidden": "没有这一项。",
    "string_type": "应是文字。",
    "string_too_short": "请填写。",
    "too_short": "至少要有一项。",
    "tuple_type": "应是一列。",
    "dict_type": "应是成对的名称和内容。",
    "model_type": "应是成对的名称和内容。",
    "decimal_type": "不是数。",
    "decimal_parsing": "不是数。",
    "finite_number": "不是数。",
    "int_type": "应是整数。",
    "int_parsing": "应是整数。",
    "int_from_float": "应是整数。",
    "bool_type": "应是 true 或 false。",
    "bool_parsing": "应是 true 或 false。",
    "date_type": "不是日期。",
    "date_parsing": "不是日期。",
    "date_from_datetime_parsing": "不是日期。",
    "date_from_datetime_inexact": "不是日期。",
    "enum": "不是可用的值。",
    "literal_error": "不是可用的值。",
}


def reason(fault: Mapping[str, Any]) -> str:
    """One of a ValidationError's `errors()` as a sentence."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error", fault["msg"]))
    if kind == "greater_than_equal":
        return f"不能小于 {context['ge']}。"
    if kind == "less_than_equal":
        return f"不能大于 {context['le']}。"
    if kind == "too_long":
        return f"最多 {context['max_length']} 项。"
    if kind == "string_pattern_mismatch":
        return "只能用小写字母、数字和下划线，以字母开头。"
    return _SENTENCES.get(kind, "写法不对。")
