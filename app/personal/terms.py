"""What the house holds of persons: which kind it is, what for, how long, and in which column. The one place that says.

The notice that people read (`/personal`) is made of it, and a test holds every table against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.labels import Labelled


class Kind(Labelled):
    NAME = "name", "姓名"
    PHONE = "phone", "电话"
    EMAIL = "email", "电子邮箱"
    TRACE = "trace", "登录账号、网络地址和浏览器"


class Purpose(Labelled):
    CONTACT = "contact", "企业联系人"
    OPERATOR = "operator", "载体联系人"
    CLERK = "clerk", "企业填报账号的申请和邀请"
    ACCOUNT = "account", "登录账号"
    SIGNING_IN = "signing_in", "登录安全"
    SENDING = "sending", "已发出的消息"
    RECORD = "record", "办理记录"


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a purpose needs what it holds, and until when; the words people read."""

    why: str
    until: str


RULES: Mapping[Purpose, Rule] = {
    Purpose.CONTACT: Rule(
        "与企业联系，发送申报、填报和到期提醒",
        "联系人换人、本人要求删除或企业从库里删去时即删",
    ),
    Purpose.OPERATOR: Rule("与孵化载体的运营机构联系", "换人或本人要求删除时即删"),
    Purpose.CLERK: Rule("核实谁可以替企业填报，把一次性的链接发给本人", "本人要求删除时抹去联系方式，办理结果留存"),
    Purpose.ACCOUNT: Rule("登录、分清谁办了什么、通知本人", "账号在用期间；停用后本人要求删除时抹去联系方式"),
    Purpose.SIGNING_IN: Rule(
        "限制猜口令，让本人看到自己的账号在哪里登录过",
        "登录尝试一天，会话到期后七天，申请重设口令的链接到期后两天",
    ),
    Purpose.SENDING: Rule("证明提醒和通知发给了谁、有没有送到", "与提醒台账一起留存；本人要求删除时抹去地址"),
    Purpose.RECORD: Rule(
        "说明每一步是谁办的（网络安全法要求网络日志留存不少于六个月）",
        "与所办的事一起留存；审计记录不少于 184 天",
    ),
}
BASIS = "履行法定职责所必需（个人信息保护法第十三条第一款第三项、第三十四条），不以本人同意为条件"


@dataclass(frozen=True, slots=True)
class Held:
    table: str
    column: str
    kind: Kind
    purpose: Purpose


HELD: tuple[Held, ...] = (
    Held("contacts", "name", Kind.NAME, Purpose.CONTACT),
    Held("contacts", "phone", Kind.PHONE, Purpose.CONTACT),
    Held("contacts", "email", Kind.EMAIL, Purpose.CONTACT),
    Held("firms", "search_text", Kind.NAME, Purpose.CONTACT),
    Held("carriers", "contact_name", Kind.NAME, Purpose.OPERATOR),
    Held("carriers", "contact_phone", Kind.PHONE, Purpose.OPERATOR),
    Held("entry_applications", "contact", Kind.PHONE, Purpose.CONTACT),
    Held("submission_sections", "answers", Kind.PHONE, Purpose.CONTACT),
    Held("submission_rounds", "reached", Kind.PHONE, Purpose.CONTACT),
    Held("collection_answers", "figures", Kind.PHONE, Purpose.CONTACT),
    Held("collection_versions", "figures", Kind.PHONE, Purpose.CONTACT),
    Held("collection_rounds", "frozen", Kind.PHONE, Purpose.CONTACT),
    Held("clerk_requests", "name", Kind.NAME, Purpose.CLERK),
    Held("clerk_requests", "email", Kind.EMAIL, Purpose.CLERK),
    Held("clerk_requests", "phone", Kind.PHONE, Purpose.CLERK),
    Held("clerk_requests", "ip", Kind.TRACE, Purpose.CLERK),
    Held("clerk_invitations", "name", Kind.NAME, Purpose.CLERK),
    Held("clerk_invitations", "email", Kind.EMAIL, Purpose.CLERK),
    Held("users", "name", Kind.NAME, Purpose.ACCOUNT),
    Held("users", "login", Kind.TRACE, Purpose.ACCOUNT),
    Held("users", "email", Kind.EMAIL, Purpose.ACCOUNT),
    Held("channel_choices", "phone", Kind.PHONE, Purpose.ACCOUNT),
    Held("sign_in_attempts", "login", Kind.TRACE, Purpose.SIGNING_IN),
    Held("sign_in_attempts", "ip", Kind.TRACE, Purpose.SIGNING_IN),
    Held("password_links", "login", Kind.TRACE, Purpose.SIGNING_IN),
    Held("password_links", "ip", Kind.TRACE, Purpose.SIGNING_IN),
    Held("user_sessions", "ip", Kind.TRACE, Purpose.SIGNING_IN),
    Held("user_sessions", "user_agent", Kind.TRACE, Purpose.SIGNING_IN),
    Held("linked_identities", "subject", Kind.TRACE, Purpose.ACCOUNT),
    Held("outbox_messages", "payload", Kind.EMAIL, Purpose.SENDING),
    Held("section_editors", "name", Kind.NAME, Purpose.RECORD),
    Held("firm_visits", "people", Kind.NAME, Purpose.RECORD),
    Held("moves", "first_recorder", Kind.NAME, Purpose.RECORD),
    Held("carrier_teams", "leader", Kind.NAME, Purpose.OPERATOR),
    Held("erasure_requests", "sought", Kind.PHONE, Purpose.RECORD),
    Held("verified_likenesses", "key", Kind.PHONE, Purpose.RECORD),
    Held("audit_events", "ip", Kind.TRACE, Purpose.RECORD),
)
# By these names a column of any table says who did what is recorded beside it: a person of the bureau or of a firm.
DOERS = frozenset(
    f"{doer}_name"
    for doer in (
        *(
            "activator",
            "approver",
            "actor",
            "asker",
            "author",
            "changer",
            "closer",
            "confirmer",
            "creator",
            "decider",
            "doer",
        ),
        *(
            "enterer",
            "inviter",
            "linker",
            "merger",
            "proposer",
            "publisher",
            "recorder",
            "requester",
            "retire_asker",
            "retirer",
        ),
        *("returner", "saver", "striker", "submitter", "undoer", "visitor"),
    )
)
# Keys under which a record carries one of these: the trail's images, and the messages that were sent.
KEYS: Mapping[str, Kind] = {
    "phone": Kind.PHONE,
    "contact_phone": Kind.PHONE,
    "email": Kind.EMAIL,
    "contact_name": Kind.NAME,
    "contacts": Kind.NAME,
    "people": Kind.NAME,
    # What a carrier's tenant gives with its figures.
    "tenant.head": Kind.NAME,
    "tenant.statistician": Kind.NAME,
    "tenant.filler": Kind.NAME,
    "tenant.phone": Kind.PHONE,
}
