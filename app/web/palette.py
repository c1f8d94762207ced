"""What a search offers beside firms: the pages that a role may open, and what it may do, by a part of the name."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.access.terms import Permission, Viewer
from app.carriers.queries import names_in_sight
from app.db import Conn
from app.text.clean import key
from app.text.names import pinyin
from app.web.templating import NavItem, rail

_P = Permission
_CARRIERS = 8
# What the rail has no room for.
_PAGES = (
    NavItem("批量办理的记录", "/bulk", _P.FIRM_BULK),
    NavItem("可能重复", "/firms/duplicates", _P.FIRM_MERGE),
    NavItem("证书与知识产权核实", "/claims", _P.FIRM_CERTIFY),
    NavItem("入驻提议", "/carriers/proposals", _P.CARRIER_KEEP),
    NavItem("提醒台账", "/reminders/sent", _P.REMINDER_READ),
    NavItem("大屏", "/dashboard/wall", _P.FIRM_INTERNAL),
    NavItem("周报订阅", "/digests/subscription", _P.DIGEST_READ),
    NavItem("授权", "/admin/grants", _P.ACCESS_GRANT),
    NavItem("登录安全", "/admin/security", _P.SECURITY_ADMIN),
    NavItem("重置两步验证", "/admin/factor-resets", _P.FACTOR_RESET),
    NavItem("梯队期限", "/admin/tiers", _P.SETTING_ADMIN),
    NavItem("群机器人", "/admin/outlets", _P.SETTING_ADMIN),
    NavItem("一次性口令", "/admin/users/one-time", _P.USER_ADMIN),
    NavItem("答复个人信息要求：查阅、更正、删除", "/personal/requests", _P.PERSON_ANSWER),
    NavItem("等第二个人同意抹去的个人信息", "/personal/erasures", _P.PERSON_CONFIRM),
    NavItem("个人信息说明", "/personal", _P.SELF),
    NavItem("消息", "/inbox", _P.SELF),
    NavItem("日历订阅", "/account/calendar", _P.FILING_READ),
    NavItem("通知方式", "/account/notices", _P.SELF),
    NavItem("登录会话", "/account/sessions", _P.SELF),
    NavItem("访问令牌", "/account/tokens", _P.SELF),
    NavItem("两步验证", "/account/second-factor", _P.SELF),
    NavItem("修改口令", "/account/password", _P.SELF),
)


@dataclass(frozen=True, slots=True)
class Command:
    label: str
    href: str  # with an `act`, what follows the address of the firm that is chosen next
    permission: Permission
    act: str = ""
    also: str = ""  # what else people call it

    @property
    def asks(self) -> str:
        return f"/search?act={self.act}" if self.act else self.href

    @property
    def shown(self) -> str:
        return f"{self.label}…" if self.act else self.label


_COMMANDS = (
    Command("记走访", "/visits/new", _P.FIRM_NOTE, "visit"),
    Command("移动", "/move", _P.MOVE, "move"),
    Command("布置待办", "/tasks/new", _P.FIRM_NOTE, "task"),
    Command("记诉求", "/needs/new", _P.FIRM_NOTE, "need"),
    Command("看差距", "/gap", _P.ASSESSMENT_READ, "gap"),
    Command("登记证书", "/certificates/new", _P.FIRM_CERTIFY, "certificate"),
    Command("修改企业资料", "/edit", _P.FIRM_EDIT, "edit"),
    Command("合并企业", "/merge", _P.FIRM_MERGE, "merge"),
    Command("新增企业", "/firms/new", _P.FIRM_EDIT),
    Command("新增申报窗口", "/filings/new", _P.FILING_KEEP, also="新建窗口"),
    Command("登记载体", "/carriers/new", _P.CARRIER_KEEP),
    Command("登记创新平台", "/platforms/new", _P.PLATFORM_KEEP),
    Command("工作移交", "/handover", _P.HANDOVER, also="工作交接"),
    Command("批量指定责任专员", "/bulk/new?kind=officer&all=1", _P.FIRM_EDIT),
    Command("批量加标签", "/bulk/new?kind=tag_add&all=1", _P.FIRM_EDIT),
    Command("批量定下次联系", "/bulk/new?kind=next_touch&all=1", _P.FIRM_EDIT),
    Command("批量布置待办", "/bulk/new?kind=task&all=1", _P.FIRM_NOTE),
    Command("批量移动梯队", "/bulk/new?kind=tier&all=1", _P.MOVE),
    Command("导出企业清单（Excel）", "/firms/export.xlsx", _P.FIRM_EXPORT),
    Command("撤销批量办理", "/bulk#main", _P.FIRM_BULK),
    Command("撤销导入", "/imports#h-batches", _P.FIRM_IMPORT),
    Command("撤销移交", "/handover#h-earlier", _P.HANDOVER, also="撤销工作移交"),
    Command("撤销合并", "/firms/duplicates#h-merges", _P.FIRM_MERGE),
    Command("新增账号", "/admin/users/new", _P.USER_ADMIN, also="新建账号"),
    Command("改停滞天数", "/admin/tiers", _P.SETTING_ADMIN),
    Command("载入政策", "/admin/policies/upload", _P.POLICY_ADMIN),
)


def is_named(label: str, q: str) -> bool:
    """By a part of it, by how it is spelt from its start, or by the initials of its syllables."""
    wanted = key(q)
    if not wanted or wanted in key(label):
        return True
    if not wanted.isascii():
        return False
    spelt, initials = pinyin(label)
    return spelt.replace(" ", "").startswith(wanted) or initials.startswith(wanted)


def commands_for(viewer: Viewer, q: str = "") -> list[Command]:
    return [
        c for c in _COMMANDS if viewer.may(c.permission) and (is_named(c.label, q) or (c.also and is_named(c.also, q)))
    ]


def pages_for(viewer: Viewer, q: str = "") -> list[NavItem]:
    return [n for n in _open_to(viewer) if is_named(n.label, q)]


def _open_to(viewer: Viewer) -> Iterator[NavItem]:
    done = {command.href for command in _COMMANDS}  # what is done there is offered by that name
    yield from (n for n in rail(viewer.role, viewer.power) if n.href not in done)
    yield from (n for n in _PAGES if viewer.may(n.permission))


async def carriers_for(conn: Conn, viewer: Viewer, q: str) -> list[NavItem]:
    """Carriers are few: of each in sight its name is looked at, so that its initials find it as they find a page."""
    if len(q) < 2 or not viewer.may(_P.CARRIER_READ):
        return []
    found = [(i, name) for i, name in await names_in_sight(conn, viewer=viewer) if is_named(name, q)]
    return [NavItem(name, f"/carriers/{i}", _P.CARRIER_READ) for i, name in found[:_CARRIERS]]


def act_for(viewer: Viewer, act: str) -> Command | None:
    """The one that wants a firm; none that this viewer may not do."""
    return next((c for c in commands_for(viewer) if act and c.act == act), None)
