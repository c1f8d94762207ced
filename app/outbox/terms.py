from app.labels import Labelled

ADDRESS = "outbox_messages.to"  # as which an address is sealed that stands in a message only


class Channel(Labelled):
    EMAIL = "email", "电子邮件"
    INBOX = "inbox", "站内消息"
    SMS = "sms", "短信"
    WECOM = "wecom", "企业微信群机器人"
    DINGTALK = "dingtalk", "钉钉群机器人"
    FEISHU = "feishu", "飞书群机器人"
    WEBHOOK = "webhook", "网页回调"


class MessageState(Labelled):
    PENDING = "pending", "待发"
    SENT = "sent", "已发"
    DEAD = "dead", "发送失败"
    WITHDRAWN = "withdrawn", "已撤回"


# What people read for a kind of message; one that is missing here shows its code.
KIND_LABELS = {
    "tier_moved": "梯队移动通知",
    "move_decided": "移动复核的结果",
    "plan_decided": "规划数复核的结果",
    "policy_step": "政策发布通知",
    "account_handled": "账号变动通知",
    "account_safety": "账号安全提醒",
    "access_alarm": "异常访问报警",
    "factor_reset_asked": "请第二人重置两步验证",
    "access_asked": "请核对并授权账号",
    "account_expiring": "账号将到期",
    "token_expiring": "访问令牌将到期",
    "erasure_asked": "请第二个人核实抹去个人信息",
    "erasure_answered": "抹去个人信息的答复",
    "contact_erased": "联系人按本人要求删去",
    "reminder": "提醒",
    "outlet_test": "群机器人测试",
    "undelivered": "邮件退回",
    "clerk_invitation": "填报账号邀请",
    "clerk_joined": "填报账号开通",
    "file_infected": "上传的文件有病毒",
    "clerk_left": "填报人退出",
    "signatory_changed": "签字人变更",
    "work_given": "交办通知",
    "mentioned": "提到您",
    "followed": "关注的企业",
    "stale_long": "停滞的企业",
    "report_submitted": "企业提交年度数据",
    "report_returned": "年度数据退回补正",
    "report_accepted": "年度数据审核通过",
    "report_chased": "催报年度数据",
    "title_claimed": "企业登记证书或知识产权",
    "claim_decided": "登记的核实结果",
    "digest": "周报",
    "digest_test": "周报试发",
    "audit_anchor": "审计封条",
    "tenancy_proposed": "入驻提议",
    "tenancy_agreed": "入驻提议已确认",
    "tenancy_overtaken": "入驻提议已失效",
    "collection_opened": "载体收集数据",
    "collection_chased": "载体催报数据",
    "collection_closed": "载体关账",
    "entry_asked": "企业申请入驻",
    "entry_answered": "入驻申请的答复",
    "stay_disagreed": "入驻情况要核对",
    "stay_on_ground": "运营机构凭依据办理",
    "password_link": "重设口令的链接",
}

# To a place and not to a person; each place is kept as an outlet.
OUTLETS = (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU, Channel.WEBHOOK)

# To a person, by whichever of these they choose.
PERSONAL = (Channel.INBOX, Channel.EMAIL, Channel.SMS)


class Topic(Labelled):
    """What a notice is about, as far as people choose how they hear of it."""

    DUTY = "duty", "法定事项和日期变更"
    REMINDER = "reminder", "申报和证书到期提醒"
    REPORT = "report", "年度数据填报与审核"
    TENANCY = "tenancy", "入驻"
    MOVE = "move", "梯队移动"
    WORK = "work", "交办的工作"
    FOLLOW = "follow", "提到我的和我关注的企业"
    POLICY = "policy", "政策发布"
    ACCOUNT = "account", "账号与安全"


# A duty by law, a date that was told and holds no more, a hand on one's account: always heard by some way.
FIXED = frozenset({Topic.DUTY, Topic.ACCOUNT})
TOPICS = {
    "reminder": Topic.REMINDER,  # unless the message itself says that it is a duty
    "report_submitted": Topic.REPORT,
    "report_returned": Topic.REPORT,
    "report_accepted": Topic.REPORT,
    "report_chased": Topic.REPORT,
    "tenancy_proposed": Topic.TENANCY,
    "collection_opened": Topic.TENANCY,
    "collection_chased": Topic.TENANCY,
    "collection_closed": Topic.TENANCY,
    "tenancy_agreed": Topic.TENANCY,
    "tenancy_overtaken": Topic.TENANCY,
    "entry_asked": Topic.TENANCY,
    "entry_answered": Topic.TENANCY,
    "stay_disagreed": Topic.TENANCY,
    "stay_on_ground": Topic.TENANCY,
    "tier_moved": Topic.MOVE,
    "move_decided": Topic.MOVE,
    "plan_decided": Topic.WORK,
    "work_given": Topic.WORK,
    "stale_long": Topic.WORK,
    "mentioned": Topic.FOLLOW,
    "followed": Topic.FOLLOW,
    "policy_step": Topic.POLICY,
    "account_handled": Topic.ACCOUNT,
    "account_safety": Topic.ACCOUNT,
    "access_alarm": Topic.ACCOUNT,
    "factor_reset_asked": Topic.ACCOUNT,
    "access_asked": Topic.ACCOUNT,
    "account_expiring": Topic.ACCOUNT,
    "token_expiring": Topic.ACCOUNT,
    "clerk_joined": Topic.ACCOUNT,
    "clerk_left": Topic.ACCOUNT,
    "signatory_changed": Topic.ACCOUNT,
    "file_infected": Topic.ACCOUNT,
    "contact_erased": Topic.WORK,
    # By law, and within the time it sets.
    "erasure_asked": Topic.DUTY,
    "erasure_answered": Topic.DUTY,
}
