"""The columns of a roster of firms: what they are called, what else people call them, and what goes in."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.text import key


@dataclass(frozen=True, slots=True)
class Column:
    field: str
    title: str
    synonyms: tuple[str, ...] = ()
    hint: str = ""
    example: str = ""
    width: int = 14


COLUMNS = (
    Column(
        "name",
        "企业名称",
        ("单位名称", "公司名称"),
        "必填。营业执照上的全称，最多 200 字。",
        "开平市示例科技有限公司",
        34,
    ),
    Column(
        "uscc",
        "统一社会信用代码",
        ("社会信用代码", "信用代码"),
        "必填。18 位，请设为文本格式；按它认企业：库里已有的更新，没有的新增。",
        "91440783M159083022",
        24,
    ),
    Column(
        "registered_on",
        "成立日期",
        ("成立时间", "注册日期", "注册时间"),
        "如 2015-03-01、2015/3/1、2015年3月1日。",
        "2015-03-01",
    ),
    Column("region_code", "所属镇街", ("镇街", "镇（街）"), "从下拉列表选择；留空按您的管辖区登记。", "水口镇"),
    Column("park", "所属园区", ("园区",), "没有进园的留空。", "翠山湖"),
    Column("industry_code", "行业代码", ("国民经济行业代码",), "GB/T 4754 的门类字母加代码，如 C3360。", "C3360"),
    Column(
        "high_tech_field", "技术领域", ("高新技术领域",), "国家重点支持的高新技术领域，写名称或编号。", "新材料", 20
    ),
    Column("direction", "技术方向", (), "从下拉列表选择。", "新材料技术", 20),
    Column(
        "registered_capital", "注册资本（万元）", ("注册资本",), "单位：万元。只填数字，如 1000 或 3000.5。", "1000", 18
    ),
    Column("above_designated_size", "是否规上", ("规上",), "填“是”或“否”；不清楚的留空。", "是"),
    Column("contact_name", "联系人", (), "企业的主要联系人。", "张三"),
    Column("contact_phone", "联系电话", ("手机号码", "电话"), "请设为文本格式。", "13800000000", 18),
    Column(
        "tier",
        "当前梯队",
        ("梯队", "培育层级"),
        "从下拉列表选择。只对还不在梯队上的企业起作用；换梯队请在看板办理。",
        "雏鹰企业",
        18,
    ),
    Column(
        "certificate_number",
        "高企证书编号",
        (),
        "与发证日期一起填；高新技术企业要有有效证书才能进入梯队。",
        "GR202444001918",
        20,
    ),
    Column("certificate_issued_on", "高企发证日期", (), "如 2024-11-28。", "2024-11-28"),
    Column("remark", "备注", (), "最多 2000 字，可以换行。", "", 30),
)
REQUIRED = ("name", "uscc")
TITLES: Mapping[str, str] = {c.field: c.title for c in COLUMNS}
# Header keys to fields. The first name of a field is its title.
NAMES: Mapping[str, str] = {key(name): c.field for c in COLUMNS for name in (c.title, *c.synonyms)}
# What exports and annotated workbooks carry beside the columns: known, read by people, not taken in.
REASON, STATUS, TIER_SINCE, OFFICER = "原因", "状态", "进入梯队日期", "责任专员"
IGNORED = frozenset(key(title) for title in ("序号", REASON, STATUS, TIER_SINCE, OFFICER))
