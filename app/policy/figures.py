"""The figures and flags that policies speak of: their words and units, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.labels import Labelled


class Unit(Labelled):
    YUAN = "yuan", "元"
    PERSON = "person", "人"
    ITEM = "item", "项"
    PIECE = "piece", "个"
    RIGHT = "right", "件"
    DAY = "day", "天"
    MONTH = "month", "个月"
    YEAR = "year", "年"
    SQUARE_METRE = "m2", "平方米"
    HOUSE = "house", "家"
    RATIO = "ratio", ""
    SCORE = "score", "分"


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    unit: Unit
    signed: bool = False  # may be below zero


# A firm's figures of one accounting year. Amounts are 元.
YEARLY: Mapping[str, Figure] = {
    "sales_revenue": Figure("销售收入", Unit.YUAN),
    "main_business_revenue": Figure("主营业务收入", Unit.YUAN),
    "total_income": Figure("总收入", Unit.YUAN),
    "high_tech_income": Figure("高新技术产品（服务）收入", Unit.YUAN),
    "cost_and_expense": Figure("成本费用支出", Unit.YUAN),
    "net_profit": Figure("净利润", Unit.YUAN, signed=True),
    "total_assets": Figure("资产总额", Unit.YUAN),
    "net_assets": Figure("净资产", Unit.YUAN, signed=True),
    "headcount": Figure("职工总数", Unit.PERSON),
    "rd_staff": Figure("科技人员", Unit.PERSON),
    "rd_staff_full_time": Figure("专职研发人员", Unit.PERSON),
    "conversions": Figure("科技成果转化", Unit.ITEM),
    "equity_raised": Figure("获得股权融资", Unit.YUAN),
}

# 国科发火〔2016〕195号 三(六): eight categories, the seventh split by where the work is done.
RD_LINES: Mapping[str, Figure] = {
    "personnel": Figure("人员人工费用", Unit.YUAN),
    "direct_input": Figure("直接投入费用", Unit.YUAN),
    "depreciation": Figure("折旧费用与长期待摊费用", Unit.YUAN),
    "intangible_amortisation": Figure("无形资产摊销费用", Unit.YUAN),
    "design": Figure("设计费用", Unit.YUAN),
    "commissioning_testing": Figure("装备调试费用与试验费用", Unit.YUAN),
    "outsourced_domestic": Figure("委托境内研发费用", Unit.YUAN),
    "outsourced_overseas": Figure("委托境外研发费用", Unit.YUAN),
    "other": Figure("其他费用", Unit.YUAN),
}
INTERNAL_LINES = tuple(line for line in RD_LINES if not line.startswith("outsourced_") and line != "other")

# An operator's figures of a carrier, for the policies whose subject is a carrier. Ratios are stated as counts.
CARRIER: Mapping[str, Figure] = {
    "operating_months": Figure("实际运营时间", Unit.MONTH),
    "statistics_years": Figure("连续上报统计数据", Unit.YEAR),
    "incubation_area": Figure("可自主支配孵化场地面积", Unit.SQUARE_METRE),
    "tenant_area": Figure("在孵企业使用面积（含公共服务）", Unit.SQUARE_METRE),
    "workstations": Figure("创业工位", Unit.PIECE),
    "fund": Figure("孵化资金", Unit.YUAN),
    "funded_cases": Figure("资金使用案例", Unit.ITEM),
    "staff": Figure("服务人员", Unit.PERSON),
    "professional_staff": Figure("专业孵化服务人员", Unit.PERSON),
    "mentors": Figure("创业导师", Unit.PERSON),
    "tenants": Figure("在孵企业", Unit.HOUSE),
    "cohort": Figure("上年末在孵企业", Unit.HOUSE),
    "settled": Figure("入驻满 3 个月的团队和企业", Unit.HOUSE),
    "teams_and_firms": Figure("签约入驻团队和企业", Unit.HOUSE),
    "new_firms": Figure("当年新注册企业", Unit.HOUSE),
    "financed": Figure("获得投融资的在孵企业", Unit.HOUSE),
    "invested": Figure("获孵化器自有或合作资金股权投资的在孵企业", Unit.HOUSE),
    "patent_applicants": Figure("已申请专利的在孵企业", Unit.HOUSE),
    "ip_holders": Figure("拥有有效知识产权的在孵企业", Unit.HOUSE),
    "graduates": Figure("累计毕业企业", Unit.HOUSE),
    "same_field": Figure("同一产业领域的在孵企业", Unit.HOUSE),
    "growing": Figure("营收或研发投入增长超过 20% 的在孵企业", Unit.HOUSE),
    "typical_cases": Figure("典型孵化案例", Unit.ITEM),
    "events": Figure("年度创新创业活动", Unit.ITEM),
    "total_income": Figure("孵化器总收入", Unit.YUAN),
    "service_income": Figure("孵化服务收入（不含房租物业）", Unit.YUAN),
}


class Level(Labelled):
    """Of an award, a standard, an institution or a platform. A word outside this list would count for nothing."""

    INTERNATIONAL = "international", "国际"
    NATIONAL = "national", "国家级"
    MINISTERIAL = "ministerial", "部级"
    INDUSTRY = "industry", "行业"
    PROVINCIAL = "provincial", "省级"
    MUNICIPAL = "municipal", "市级"
    COUNTY = "county", "县级"
    LOCAL = "local", "地方"
    GROUP = "group", "团体"
    ENTERPRISE = "enterprise", "企业"
    OTHER = "other", "其他"


class IpKind(Labelled):
    """国科发火〔2016〕195号 三(二)."""

    INVENTION_PATENT = "invention_patent", "发明专利"
    PLANT_VARIETY = "plant_variety", "植物新品种"
    NATIONAL_CROP_VARIETY = "national_crop_variety", "国家级农作物品种"
    NATIONAL_NEW_DRUG = "national_new_drug", "国家新药"
    NATIONAL_TCM_PROTECTION = "national_tcm_protection", "国家一级中药保护品种"
    IC_LAYOUT = "ic_layout", "集成电路布图设计专有权"
    UTILITY_MODEL = "utility_model", "实用新型专利"
    DESIGN_PATENT = "design_patent", "外观设计专利"
    SOFTWARE_COPYRIGHT = "software_copyright", "软件著作权"


CLASS_TWO = frozenset({IpKind.UTILITY_MODEL, IpKind.DESIGN_PATENT, IpKind.SOFTWARE_COPYRIGHT})


class ObtainedBy(Labelled):
    SELF_DEVELOPED = "self_developed", "自主研发"
    ASSIGNED = "assigned", "受让"
    GIFTED = "gifted", "受赠"
    ACQUIRED = "acquired", "并购"


class Judgement(Labelled):
    """What experts score inside a range, 195号 三(七)."""

    TECHNOLOGY_ADVANCEMENT = "technology_advancement", "技术的先进程度"
    CORE_SUPPORT = "core_support", "对主要产品（服务）的核心支持作用"
    ACQUISITION = "acquisition", "知识产权获得方式"
    STANDARD_BONUS = "standard_bonus", "参与编制标准（加分）"
    RD_RULES = "rd_rules", "研发组织管理制度与辅助账"
    RD_INSTITUTION = "rd_institution", "内部研发机构与产学研合作"
    CONVERSION_INCENTIVE = "conversion_incentive", "成果转化奖励与创新创业平台"
    TALENT_INCENTIVE = "talent_incentive", "人才培养引进与绩效奖励"


# 195号 三(七): what each may reach.
JUDGEMENT_MOST: Mapping[Judgement, int] = {
    Judgement.TECHNOLOGY_ADVANCEMENT: 8,
    Judgement.CORE_SUPPORT: 8,
    Judgement.ACQUISITION: 6,
    Judgement.STANDARD_BONUS: 2,
    Judgement.RD_RULES: 6,
    Judgement.RD_INSTITUTION: 6,
    Judgement.CONVERSION_INCENTIVE: 4,
    Judgement.TALENT_INCENTIVE: 4,
}
FLAGS: Mapping[str, str] = {
    "above_designated_size": "规模以上",
    "in_hnte_pool": "高企培育库在库",
    "records.abnormal_operation": "列入经营异常名录",
    "records.serious_dishonesty": "列入严重违法失信名单",
    "records.research_misconduct": "科研严重失信",
    "listed_or_acquired": "已被并购或挂牌上市",
    "in_tech_micro_list": "在市科技型小微企业名录",
    "software_certificates": "软件企业和软件产品证书",
    "registered_in_carrier": "注册地和主要研发办公场所在孵化器内",
}
EVENTS: Mapping[str, str] = {
    "records.accident_on": "重大安全、质量事故",
    "records.environmental_violation_on": "严重环境违法行为",
}
