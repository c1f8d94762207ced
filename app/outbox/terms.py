from app.labels import Labelled


class Channel(Labelled):
    EMAIL = "email", "电子邮件"
    INBOX = "inbox", "站内消息"
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
    "policy_step": "政策发布通知",
    "account_handled": "账号变动通知",
    "reminder": "提醒",
    "outlet_test": "群机器人测试",
    "undelivered": "邮件退回",
    "clerk_invitation": "填报账号邀请",
    "clerk_joined": "填报账号开通",
    "file_infected": "上传的文件有病毒",
    "clerk_left": "填报人退出",
    "signatory_changed": "签字人变更",
    "work_given": "交办通知",
    "report_submitted": "企业提交年度数据",
    "report_returned": "年度数据退回补正",
    "report_accepted": "年度数据审核通过",
    "report_chased": "催报年度数据",
    "digest": "周报",
    "digest_test": "周报试发",
    "tenancy_proposed": "入驻提议",
    "tenancy_agreed": "入驻提议已确认",
    "password_link": "重设口令的链接",
}

# To a place and not to a person; each place is kept as an outlet.
OUTLETS = (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU, Channel.WEBHOOK)
