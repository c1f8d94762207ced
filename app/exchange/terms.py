"""Words of Excel in and out: what a row does to the registry, and where a batch stands."""

from app.labels import Labelled


class RowOutcome(Labelled):
    CREATED = "created", "新增"
    UPDATED = "updated", "更新"
    UNCHANGED = "unchanged", "不变"
    REJECTED = "rejected", "错误"


class BatchState(Labelled):
    UPLOADED = "uploaded", "等待检查"
    CHECKING = "checking", "正在检查"
    PREVIEW = "preview", "待确认"
    UNREADABLE = "unreadable", "无法读取"
    QUEUED = "queued", "等待导入"
    APPLYING = "applying", "正在导入"
    APPLIED = "applied", "已导入"
    DISCARDED = "discarded", "已放弃"
    UNDONE = "undone", "已撤销"
