"""Reads of the trail: by object for a firm's page, by filter for administrators and auditors."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, any_, bindparam, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.audit.carrier_words import CARRIER_ACTIONS
from app.audit.models import AuditEvent
from app.audit.words import ACTION_LABELS
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.statements import Kept

<<<<<<< HEAD
=======
# What people read for an action; one that is missing here shows its code.
ACTION_LABELS = {
    "firm:record:created": "新增企业",
    "firm:record:edited": "修改资料",
    "firm:contacts:revealed": "查看完整的联系方式",
    "firm:note:added": "记录",
    "firm:record:followed": "关注企业",
    "firm:record:unfollowed": "不再关注企业",
    "firm:tier:moved": "梯队移动",
    "firm:tier:requested": "提交移动待复核",
    "firm:tier:refused": "驳回移动",
    "firm:certificate:recorded": "导入证书",
    "firm:certificate:registered": "登记证书",
    "firm:certificate:revoked": "登记证书撤销",
    "firm:certificate:struck": "删去误登的证书",
    "firm:plan:made": "立一企一策",
    "firm:plan:changed": "修改一企一策",
    "firm:plan:step_done": "一企一策完成一步",
    "firm:plan:step_undone": "一企一策一步改回未完成",
    "firm:plan:closed": "结束一企一策",
    "firm:visit:logged": "走访",
    "firm:visit:struck": "作废走访",
    "firm:task:given": "布置待办",
    "firm:task:changed": "修改待办",
    "firm:task:done": "完成待办",
    "firm:task:dropped": "取消待办",
    "firm:task:reopened": "待办改回未完成",
    "firm:need:raised": "记录诉求",
    "firm:need:followed": "办理诉求",
    "firm:need:closed": "办结诉求",
    "firm:record:restored": "撤销导入的修改",
    "firm:record:removed": "撤销导入的新增",
    "file:attachment:added": "上传证明材料或附件",
    "file:attachment:removed": "移除证明材料或附件",
    "file:attachment:downloaded": "下载证明材料或附件",
    "firm:claim:made": "企业登记证书或知识产权",
    "firm:claim:changed": "企业修改登记",
    "firm:claim:withdrawn": "企业撤回登记",
    "firm:claim:accepted": "核实企业的登记",
    "firm:claim:refused": "企业的登记没有通过核实",
    "firm:right:registered": "登记知识产权",
    "firm:right:changed": "修改知识产权",
    "firm:right:used": "登记Ⅱ类知识产权已用于高企申报",
    "firm:right:freed": "改正Ⅱ类知识产权的使用登记",
    "firm:likeness:verified": "核实雷同提示",
    "firm:report:begun": "开始年度填报",
    "firm:report:filled": "成批填写年度数据",
    "firm:report:submitted": "签字提交年度数据",
    "firm:report:returned": "退回补正年度数据",
    "firm:report:accepted": "审核通过年度数据",
    "firm:clerk:invited": "邀请填报人",
    "firm:clerk:uninvited": "收回填报邀请",
    "clerk:request:received": "收到填报账号申请",
    "clerk:request:approved": "同意填报账号申请",
    "clerk:request:refused": "不同意填报账号申请",
    "work:handover:done": "工作移交",
    "bulk:act:prepared": "准备批量办理",
    "bulk:act:confirmed": "确认批量办理",
    "bulk:act:done": "批量办理",
    "bulk:act:discarded": "放弃批量办理",
    "bulk:act:undo_asked": "要求撤销批量办理",
    "bulk:act:undone": "撤销批量办理",
    "platform:record:added": "登记创新平台",
    "platform:record:changed": "修改创新平台",
    "platform:record:struck": "删去误登的创新平台",
    "platform:list:exported": "导出创新平台",
    "platform:list:imported": "导入创新平台",
    "plan:snapshot:taken": "规划评估留底",
    "plan:text:edited": "修改规划",
    "plan:text:indicator_added": "新增规划指标",
    "plan:text:indicator_changed": "修改规划指标定义",
    "plan:text:indicator_dropped": "删去规划指标",
    "plan:text:targets_set": "下达规划目标",
    "plan:actual:entered": "填报规划指标",
    "plan:actual:confirmed": "复核规划指标终值",
    "plan:actual:returned": "退回规划指标终值",
    "firm:record:merged": "合并企业",
    "firm:record:merge_undone": "撤销合并",
    **CARRIER_ACTIONS,
    "firm:collection:answered": "向载体确认数据",
    "firm:list:exported": "导出企业",
    "import:batch:uploaded": "上传名册",
    "import:batch:confirmed": "确认导入",
    "import:batch:applied": "导入名册",
    "import:batch:discarded": "放弃导入",
    "import:batch:undo_asked": "要求撤销导入",
    "import:batch:undone": "撤销导入",
    "session:sign_in:done": "登录",
    "session:sign_in:failed": "登录失败",
    "session:sign_in:refused": "登录被拒（尝试过多）",
    "session:sign_out:done": "退出登录",
    "session:record:revoked": "结束会话",
    "user:record:created": "新增账号",
    "user:record:enabled": "启用账号",
    "user:record:disabled": "停用账号",
    "user:record:closed": "退出填报、停用自己的账号",
    "user:carrier:bound": "账号绑定载体",
    "user:signatory:appointed": "确定签字人",
    "user:password:changed": "修改口令",
    "user:password:reset": "重置口令",
    "user:password:asked": "申请重设口令的链接",
    "user:password:recovered": "凭邮件链接重设口令",
    "user:token:issued": "发放令牌",
    "user:factor:bound": "开启两步验证",
    "user:factor:changed": "换绑验证器",
    "user:factor:renewed": "换新恢复码",
    "user:factor:removed": "关闭两步验证",
    "user:factor_reset:asked": "申请重置两步验证",
    "user:factor_reset:done": "重置两步验证（第二人同意）",
    "user:factor_reset:refused": "不同意重置两步验证",
    "session:code:failed": "两步验证失败",
    "setting:sign_in:changed": "更改登录安全规则",
    "audit:trail:removed": "删去保存期已满的审计记录",
    "audit:trail:exported": "导出审计记录",
    "calendar:year:loaded": "载入放假安排",
    "setting:seeds:loaded": "载入基础数据",
    "setting:county:synthesised": "生成测试数据",
    "calendar:year:confirmed": "确认放假安排",
    "outbox:message:retried": "重发消息",
    "policy:version:drafted": "起草政策版本",
    "policy:version:edited": "修改政策草稿",
    "policy:version:discarded": "放弃政策草稿",
    "policy:version:submitted": "提交政策版本待发布",
    "policy:version:withdrawn": "撤回提交的政策版本",
    "policy:version:returned": "退回政策版本",
    "policy:version:published": "发布政策版本",
    "policy:version:replaced": "政策版本被取代",
    "policy:retirement:requested": "申请停用政策版本",
    "policy:retirement:refused": "不同意停用政策版本",
    "policy:version:retired": "停用政策版本",
    "policy:impact:exported": "导出政策影响名单",
    "firm:application:listed": "列入申报",
    "firm:application:moved": "推进申报",
    "firm:application:materials": "登记申报材料",
    "firm:application:checked": "登记实地核查",
    "firm:application:assigned": "指定申报责任人",
    "firm:application:publicised": "登记公示",
    "notice:channels:chosen": "选择通知方式",
    "view:record:saved": "保存视图",
    "view:record:changed": "修改视图",
    "view:record:removed": "删除视图",
    "view:list:arranged": "修改列表的显示方式",
    "view:role:chosen": "指定角色的默认视图",
    "results:list:brought": "录入结果名单",
    "results:list:settled": "核对结果名单",
    "results:list:applied": "按名单登记结果",
    "results:list:undone": "撤销名单登记",
    "results:list:discarded": "放弃结果名单",
    "window:dates:opened": "新增申报窗口",
    "window:dates:laid_out": "列入申报窗口",
    "window:dates:confirmed": "确认申报窗口",
    "window:dates:extended": "延期申报窗口",
    "window:dates:corrected": "更正申报窗口",
    "window:dates:closed": "关闭申报窗口",
    "window:dates:withdrawn": "撤回确认申报窗口",
    "reminder:rule:activated": "启用提醒规则",
    "reminder:rule:paused": "暂停提醒规则",
    "reminder:rule:edited": "修改提醒规则",
    "reminder:template:edited": "修改提醒文字",
    "reminder:setting:changed": "修改提醒设置",
    "reminder:message:resent": "重发提醒",
    "digest:subscription:changed": "修改周报订阅",
    "digest:test:sent": "试发周报",
    "user:feed:created": "生成日历订阅",
    "user:feed:revoked": "停用日历订阅",
    "outbox:outlet:added": "新增群机器人或接口",
    "outbox:outlet:tested": "试发群机器人或接口",
    "outbox:outlet:enabled": "启用群机器人或接口",
    "outbox:outlet:disabled": "停用群机器人或接口",
}

>>>>>>> f102a72 (List, firm and register are held against each other and both sides hear of it until they agree; graduates are followed for three years by their own figures, else by what somebody was told)

@dataclass(frozen=True, slots=True)
class Event:
    id: uuid.UUID
    at: datetime
    actor_name: str
    actor_role: str
    action: str
    object_type: str
    object_id: str
    object_label: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    succeeded: bool
    ip: str
    session_id: str
    request_id: str
    number: int  # in the order of which events are sealed

    @property
    def label(self) -> str:
        return ACTION_LABELS.get(self.action, self.action)


_COLUMNS: tuple[Any, ...] = tuple(getattr(AuditEvent, f) for f in Event.__dataclass_fields__)


# Written out: a value that is bound meets no partial index and none of an expression.
_OF_CARRIER: ColumnElement[bool] = literal_column("audit_events.object_type = 'carrier'", Boolean())
_TENANT: ColumnElement[str] = literal_column("(audit_events.after ->> 'uscc')", Text())
_EVENTS = Kept(
    select(*_COLUMNS)
    .where(AuditEvent.object_type == bindparam("object_type"), AuditEvent.object_id == bindparam("object_id"))
    .order_by(AuditEvent.at.desc())
    .limit(bindparam("rows"))
)


async def events_of(conn: Conn, object_type: str, object_id: str, *, limit: int) -> list[Event]:
    values = {"object_type": object_type, "object_id": object_id, "rows": limit}
    return [Event(*row) for row in (await conn.execute(_EVENTS, values)).all()]


async def trail(
    conn: Conn,
    readable: ColumnElement[bool],
    *,
    objects: Sequence[str] = (),
    actors: Sequence[str] = (),
    action: str = "",
    since: date | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """Newest first, keyset by (at, id); `readable` says which events the reader may see.

    `objects` are ids, labels or the codes of carriers' tenants, `actors` names or logins, each exactly as recorded;
    none of them means all.
    """
    query = select(*_COLUMNS).where(readable)
    if objects:
        named = bindparam("objects", list(objects), type_=ARRAY(Text()))
        tenant = and_(_OF_CARRIER, any_(named) == _TENANT)
        query = query.where((AuditEvent.object_id == any_(named)) | (AuditEvent.object_label == any_(named)) | tenant)
    if actors:
        query = query.where(AuditEvent.actor_name == any_(bindparam("actors", list(actors), type_=ARRAY(Text()))))
    if action:
        query = query.where(AuditEvent.action == action)
    if since:
        query = query.where(AuditEvent.at >= datetime.combine(since, time(), BUSINESS_ZONE))
    if after:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < after)
    query = query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit + 1)
    return [Event(*row) for row in (await conn.execute(query)).all()]
