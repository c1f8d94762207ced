"""What the people of the demo write."""

from collections.abc import Mapping

from app.work.terms import NeedKind, Owner, Promise, Raised, VisitKind

ENTRY = (
    "走访核实，纳入培育库。",
    "企业申请入库，材料齐全。",
    "镇街推荐，经局里核对。",
    "去年已在培育名单，建库时一并登记。",
    "研发台账已建立，符合入库要求。",
)
PROMOTION = (
    "营收连续两年增长，研发投入达到培育要求。",
    "新增两项实用新型专利，研发人员到位。",
    "通过现场核查，各项指标达到上一级。",
    "取得新证书，按规定上移。",
    "季度评估结论为上移。",
)
SKIP = ("由集团整体迁入，各项指标已明显高于中间一级。", "并购后营收翻番，建议越过雏鹰直接列入瞪羚。")
DEMOTION = ("研发投入连续两年下降，转回上一阶段重点辅导。", "主要产品停产，按评估结论下移。")
LAPSED = ("高企证书到期，今年未重新认定，转回瞪羚继续培育。",)
CORRECTION = ("生效日期登记有误，以证书和会议纪要日期为准。", "录入时把入库日期写晚了，现更正。")
EXIT = ("企业迁往鹤山市，办理迁出。", "已注销，退出培育库。", "转为贸易经营，不再有研发活动。")
REENTRY = ("恢复生产并重新建立研发部门，重新入库。",)
OVERRIDE = ("省公示已结束，证书尚在制作，先行列入便于兑现政策。", "已收到认定通过的短信通知，证书下月发放。")
AGREED = "局务会议同意先行纳入，缺的一项限期补齐。"
TURNED = "提交之后条件有变化，请重新核对后再提交。"
REFUSALS = (
    "材料里没有近两年审计报告，请补齐后再提交。",
    "营收数据与统计口径不一致，请先核对。",
    "本月会议未通过，下季度再议。",
)
WITHDRAWALS = ("企业要求暂缓，先撤回。", "填错了梯队，撤回重新提交。")
NOTES = (
    "电话联系，财务在准备专项审计，下周给资料。",
    "到企业走访，新车间已投产，研发设备清单待补。",
    "收到上年度研发费用辅助账，三类归集有问题，已发修改意见。",
    "企业计划今年申报高企，缺一项知识产权，建议尽快提交实用新型。",
    "提醒火炬统计年报截止日期，企业答复已在填。",
    "参加政策宣讲会，对加计扣除口径有疑问，已答复。",
    "负责人更换，新联系人已登记。",
    "研发人员占比不够，建议把工艺组两人转入研发部并补劳动合同。",
    "与高校签订产学研协议，合同复印件已收。",
    "反映用电紧张影响中试，已转园区协调。",
    "核对专利：两项已授权，一项在实审。",
    "企业表示今年营收预计增长两成，季度再看。",
    "现场核查高新技术产品收入归集，建议分产品核算。",
    "未接电话，明天再联系。",
)
# Which of the notes tell of a visit: how one met, what was promised there, what the firm asked for.
VISITS: Mapping[str, tuple[VisitKind, tuple[Promise, ...], Raised | None]] = {
    NOTES[0]: (VisitKind.PHONE, (Promise("交来专项审计资料", Owner.FIRM),), None),
    NOTES[1]: (VisitKind.ON_SITE, (Promise("补研发设备清单", Owner.FIRM),), None),
    NOTES[3]: (
        VisitKind.ON_SITE,
        (Promise("寄送高企申报材料清单", Owner.BUREAU), Promise("提交一项实用新型专利申请", Owner.FIRM)),
        None,
    ),
    NOTES[7]: (VisitKind.OFFICE, (Promise("核对两人的劳动合同", Owner.BUREAU),), None),
    NOTES[9]: (
        VisitKind.ON_SITE,
        (Promise("向园区核实增容进度", Owner.BUREAU),),
        Raised(NeedKind.UTILITY, "用电紧张影响中试，希望错峰保供或尽快增容。"),
    ),
    NOTES[11]: (
        VisitKind.ONLINE,
        (),
        Raised(NeedKind.FINANCE, "订单增加，希望对接科技贷款，需要三百万元流动资金。"),
    ),
    NOTES[12]: (VisitKind.ON_SITE, (Promise("按产品补高新收入明细账", Owner.FIRM),), None),
}
STEPS = ("已联系对口单位，答复三个工作日内上门。", "已报局务会，等分管领导批示。")
ANSWERS = ("已办妥，企业表示满意。", "已书面答复企业办理条件和窗口。")
