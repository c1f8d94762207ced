"""Who may do what. Roles carry permissions; a viewer is the person as every layer below the web knows them."""

import uuid
from dataclasses import dataclass
from typing import Any

from app.labels import Labelled

# A scope of so many digits is one town, sub-district or zone; a shorter one is all below it.
COUNTY_DIGITS = 6
TOWN_DIGITS = 9


class Role(Labelled):
    FIRM = "firm", "填报员"
    CARRIER = "carrier", "载体运营"
    TOWN = "town", "镇街专员"
    OFFICER = "officer", "局专员"
    MANAGER = "manager", "局领导"
    ADMIN = "admin", "系统管理员"
    AUDITOR = "auditor", "审计员"


class Power(Labelled):
    """Which part of administering is an administrator's; of nobody else's account it means anything."""

    SOLE = "sole", "系统管理员（未分设）"  # both, until a security administrator is appointed
    SYSTEM = "system", "系统管理员"
    SECURITY = "security", "安全管理员"


# What the trail calls whoever acts: the role, and of the two administrators the one who grants by a word of its own.
ACTED_AS = {role.value: role.label for role in Role} | {Power.SECURITY.value: Power.SECURITY.label}


def acts_as(role: Role, power: Power) -> str:
    return Power.SECURITY.value if role is Role.ADMIN and power is Power.SECURITY else role.value


class Permission(Labelled):
    FIRM_READ = "firm:read", "看一家企业"
    FIRM_LIST = "firm:list", "看企业库、看板和清单"  # pages of many firms; a clerk has one and its own page
    CONTACT_REVEAL = "contact:reveal", "写明理由后看完整的电话和邮箱"  # with a reason: see app.access.personal
    PERSON_ANSWER = "person:answer", "答复个人信息请求"  # what is held of somebody, a copy, a correction, or that it go
    PERSON_CONFIRM = "person:confirm", "同意抹去个人信息"  # the second person's yes to what another asks for
    FIRM_INTERNAL = "firm:internal", "看局内的记录、理由和备注"  # the bureau's own words about a firm
    FIRM_EDIT = "firm:edit", "登记和修改企业"
    FIRM_NOTE = "firm:note", "记走访、待办、诉求和备注"
    FIRM_MERGE = "firm:merge", "合并重复的企业"  # two records made one: the bureau's own officers
    FIRM_BULK = "firm:bulk", "批量办理"  # one thing with many firms; which things, each with its own right
    FIRM_CERTIFY = "firm:certify", "登记、撤销证书，核实企业申报的称号"  # what the gates rest on
    FIRM_EXPORT = "firm:export", "导出企业"
    FIRM_IMPORT = "firm:import", "导入名册"
    ASSESSMENT_READ = "assessment:read", "看年度数据和评估"  # a firm's own, beside the policies
    PLAN_EDIT = "plan:edit", "编一企一策"  # a firm's own plan (一企一策), the bureau's work for it
    HANDOVER = "work:handover", "交接工作"  # one's own open work; a manager's, that of anybody in the division
    MOVE = "move:make", "移动梯队"
    MOVE_APPROVE = "move:approve", "复核移动"
    MOVE_REJECT = "move:reject", "撤回或不同意移动"  # a second person's no comes with MOVE_APPROVE
    CARRIER_READ = "carrier:read", "看载体"
    CARRIER_KEEP = "carrier:keep", "登记载体"  # and what it is recognised as
    CARRIER_LET = "carrier:let", "管房间和入驻"  # an operator's own, an officer's whole division
    CARRIER_AGREE = "carrier:agree", "答复载体提出的入驻"  # the firm, or an officer in its stead
    STAY_READ = "stay:read", "看入驻的分歧"  # a firm its own, an operator its carrier's
    STAY_SAY = "stay:say", "对入驻说明情况"  # each in its own name
    CARRIER_DESK = "carrier:desk", "用载体的工作台"  # which carrier is the account's, never the address's
    FILING_READ = "filing:read", "看申报日历"  # the calendar of windows: public notices, and nothing of a firm
    FILING_KEEP = "filing:keep", "维护申报窗口和公示名单"  # confirming a window reminds many
    FILING_WORK = "filing:work", "办申报"  # whom a window concerns, and how far each firm is
    REMINDER_READ = "reminder:read", "看提醒"
    REMINDER_KEEP = "reminder:keep", "维护提醒规则和文字"  # whom the house writes to, and what
    TARGET_READ = "target:read", "看规划指标"  # public aims, and counts of what one sees anyway
    TARGET_ENTER = "target:enter", "填规划完成值"  # says what was reached
    TARGET_CONFIRM = "target:confirm", "确认规划完成值"  # the second person; freezes a year's evaluation
    TARGET_ADMIN = "target:admin", "设规划指标和目标"  # what is measured, how far it shall go, how it is read
    PLATFORM_KEEP = "platform:keep", "维护平台名册"
    DIGEST_READ = "digest:read", "看周报"  # the week of a division, with the bureau's own words about its firms
    USER_ADMIN = "user:admin", "开通、停用账号，重置口令"
    SECURITY_ADMIN = "security:admin", "定登录规则"  # what everybody's signing in asks for
    ACCESS_GRANT = "access:grant", "给新账号授权"  # the yes to an account that another administrator has made
    FACTOR_RESET = "factor:reset", "同意重置两步验证"  # the second person's yes
    POLICY_READ = "policy:read", "看政策"
    POLICY_ADMIN = "policy:admin", "起草政策"  # drafts and submits; what counts, another decides
    POLICY_APPROVE = "policy:approve", "发布政策"  # what another has drafted
    SETTING_ADMIN = "setting:admin", "维护系统设置"
    AUDIT_READ = "audit:read", "看和导出全部审计记录"
    ACCOUNT_TRAIL = (
        "audit:accounts",
        "看账号、登录和自己所办的记录，看权限表",
    )  # what running accounts needs of the trail
    DENIAL_READ = "denial:read", "看被拒绝的访问"
    OUTBOX_READ = "outbox:read", "看发件箱"
    PORTAL = "portal:use", "用企业的填报页面"  # which firm is the account's, never the address's
    REPORT_REVIEW = "report:review", "审核年度数据"  # sends back or accepts; changes no figure
    CLERK_ADMIN = "clerk:admin", "管理填报员"  # who reports for a firm: an account opens the firm's figures
    SELF = "self:manage", "管理自己的账号"


_P = Permission
_STAYS = (_P.STAY_READ, _P.STAY_SAY)
_SECOND = (_P.MOVE_APPROVE, _P.MOVE_REJECT, _P.PERSON_CONFIRM)
_DESK = (_P.SELF, _P.TARGET_READ)
_WATCH = (_P.ACCOUNT_TRAIL, _P.DENIAL_READ)
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.FIRM: frozenset(
        {_P.SELF, _P.PORTAL, _P.FIRM_READ, _P.ASSESSMENT_READ, _P.FILING_READ, _P.CARRIER_AGREE, *_STAYS}
    ),
    Role.CARRIER: frozenset({_P.SELF, _P.CARRIER_DESK, _P.CARRIER_READ, _P.CARRIER_LET, *_STAYS}),
    Role.TOWN: frozenset(
        {
            *_DESK,
            _P.FIRM_READ,
            _P.FIRM_LIST,
            _P.DIGEST_READ,
            _P.FIRM_INTERNAL,
            _P.ASSESSMENT_READ,
            _P.FIRM_EDIT,
            _P.FIRM_NOTE,
            _P.PLAN_EDIT,
            _P.HANDOVER,
            _P.FIRM_BULK,
            _P.MOVE,
            _P.MOVE_REJECT,
            _P.FILING_READ,
            _P.POLICY_READ,
            _P.FILING_WORK,
            _P.REMINDER_READ,
            _P.CARRIER_READ,
            _P.STAY_READ,
        }
    ),
    Role.OFFICER: frozenset(
        {
            *_DESK,
            _P.TARGET_ENTER,
            _P.PLATFORM_KEEP,
            _P.FIRM_READ,
            _P.FIRM_LIST,
            _P.DIGEST_READ,
            _P.FIRM_INTERNAL,
            _P.ASSESSMENT_READ,
            _P.FIRM_EDIT,
            _P.FIRM_NOTE,
            _P.FIRM_MERGE,
            _P.PERSON_ANSWER,
            _P.FIRM_CERTIFY,
            _P.CLERK_ADMIN,
            _P.REPORT_REVIEW,
            _P.FIRM_EXPORT,
            _P.FIRM_IMPORT,
            _P.PLAN_EDIT,
            _P.HANDOVER,
            _P.FIRM_BULK,
            _P.MOVE,
            *_SECOND,
            _P.FILING_READ,
            _P.FILING_KEEP,
            _P.FILING_WORK,
            _P.REMINDER_READ,
            _P.REMINDER_KEEP,
            _P.OUTBOX_READ,
            _P.POLICY_READ,
            _P.CARRIER_READ,
            _P.CARRIER_KEEP,
            _P.CARRIER_LET,
            _P.CARRIER_AGREE,
            *_STAYS,
        }
    ),
    Role.MANAGER: frozenset(
        {
            *_DESK,
            _P.TARGET_ENTER,
            _P.TARGET_CONFIRM,
            _P.FIRM_READ,
            _P.FIRM_LIST,
            _P.DIGEST_READ,
            _P.CONTACT_REVEAL,
            _P.FIRM_INTERNAL,
            _P.ASSESSMENT_READ,
            _P.FIRM_NOTE,
            _P.FIRM_EXPORT,
            _P.HANDOVER,
            _P.FIRM_BULK,
            *_SECOND,
            _P.FILING_READ,
            _P.REMINDER_READ,
            _P.POLICY_READ,
            _P.POLICY_APPROVE,
            _P.FACTOR_RESET,
            _P.CARRIER_READ,
            _P.STAY_READ,
        }
    ),
    # Runs the system: sees no more of firms than a list needs, and of the trail what accounts need (三员分立).
    Role.ADMIN: frozenset(
        {
            *_DESK,
            _P.TARGET_ADMIN,
            _P.FIRM_READ,
            _P.FIRM_LIST,
            _P.USER_ADMIN,
            _P.SECURITY_ADMIN,
            _P.ACCESS_GRANT,
            _P.FACTOR_RESET,
            _P.SETTING_ADMIN,
            *_WATCH,
            _P.OUTBOX_READ,
            _P.POLICY_READ,
            _P.POLICY_ADMIN,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            *_DESK,
            _P.FIRM_READ,
            _P.FIRM_LIST,
            _P.DIGEST_READ,
            _P.CONTACT_REVEAL,
            _P.FIRM_INTERNAL,
            _P.ASSESSMENT_READ,
            _P.AUDIT_READ,
            *_WATCH,
            _P.FILING_READ,
            _P.REMINDER_READ,
            _P.POLICY_READ,
            _P.CARRIER_READ,
            _P.STAY_READ,
        }
    ),
}


# What each part leaves to the other, once they are two.
_LEFT: dict[Power, frozenset[Permission]] = {
    Power.SOLE: frozenset(),
    Power.SYSTEM: frozenset({_P.SECURITY_ADMIN, _P.ACCESS_GRANT, _P.FACTOR_RESET, _P.DENIAL_READ}),
    Power.SECURITY: frozenset({_P.USER_ADMIN, _P.SETTING_ADMIN, _P.OUTBOX_READ, _P.POLICY_ADMIN, _P.TARGET_ADMIN}),
}
HELD = {power: {role: held - left for role, held in PERMISSIONS.items()} for power, left in _LEFT.items()}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in person: who, as what, over which part of the country, carrier or firm."""

    id: uuid.UUID
    login: str
    name: str
    role: Role
    scope: str = ""
    firm_id: uuid.UUID | None = None
    unit: str = ""
    must_change_password: bool = False
    carrier_id: uuid.UUID | None = None
    power: Power = Power.SOLE

    def may(self, permission: Permission) -> bool:
        return permission in HELD[self.power][self.role]

    @property
    def acts_as(self) -> str:
        return acts_as(self.role, self.power)

    @property
    def called(self) -> str:
        """The role in words, as the person is spoken to."""
        return ACTED_AS[self.acts_as]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act came from, for the audit trail."""

    ip: str = ""
    session_id: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """A viewer at work, and from where: what every service step is told of who acts."""

    viewer: Viewer
    origin: Origin = Origin()

    @property
    def audit_fields(self) -> dict[str, Any]:
        return {
            "actor_id": self.viewer.id if self.viewer.login else None,
            "actor_name": self.viewer.name,
            "actor_role": self.viewer.acts_as,
            "ip": self.origin.ip,
            "session_id": self.origin.session_id,
            "request_id": self.origin.request_id,
        }


# Jobs and commands act under this name; it is no row in `users` and can sign in nowhere.
SYSTEM = Actor(Viewer(id=uuid.UUID(int=0), login="", name="系统", role=Role.ADMIN))
