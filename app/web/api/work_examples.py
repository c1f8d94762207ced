"""Examples of visits, tasks and needs for the specification."""

from typing import Any

_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_AT = "2026-11-23T10:20:00+08:00"
VISIT = {
    "id": _ID,
    "visited_on": "2026-11-23",
    "kind": "on_site",
    "people": "周会计",
    "summary": "新车间已投产，研发费用辅助账还差第三季度。",
    "next_touch_on": "2026-12-10",
    "visitor": "王专员",
    "logged_at": _AT,
    "struck_at": None,
    "strike_reason": "",
}
TASK = {
    "id": _ID,
    "title": "寄送高企申报材料清单",
    "due_on": "2026-12-10",
    "owner": "bureau",
    "officer_id": _ID,
    "officer": "王专员",
    "visit_id": _ID,
    "state": "open",
    "author": "王专员",
    "created_at": _AT,
    "closed_at": None,
    "version": 1,
}
NEED = {
    "id": _ID,
    "kind": "utility",
    "body": "夏季限电影响中试，请协调保供。",
    "raised_on": "2026-11-23",
    "due_on": "2026-12-31",
    "officer_id": _ID,
    "officer": "王专员",
    "visit_id": _ID,
    "state": "open",
    "answer": "",
    "author": "王专员",
    "logged_at": _AT,
    "closed_at": None,
    "version": 2,
    "follow_ups": [{"at": _AT, "author": "王专员", "body": "已转供电所，答复三日内到现场。"}],
}
_VISITED = VISIT | {"uscc": "91440783M159083022", "name": "开平市示例科技有限公司"}
_MERGE = {"id": _ID, "state": "done", "uscc": "91440783M159083022", "gone": "91440783M159083065"}
_HANDOVER = {
    "id": _ID,
    "giver": "王专员",
    "taker": "李专员",
    "caution": "",
    "seen": "52.9.3.2.1",
    "goes": {"firms": 52, "tasks": 9, "needs": 3, "plans": 2, "applications": 1},
    "left": {"firms": 0, "tasks": 0, "needs": 0, "plans": 0, "applications": 0},
}
_HANDED_OVER = {
    "id": _ID,
    "giver": "王专员",
    "taker": "李专员",
    "reason": "岗位调整",
    "by": "王专员",
    "at": _AT,
    "undone_at": None,
    "undone_by": "",
    "counts": {"firms": {"given": 52}, "tasks": {"given": 9}},
}
_HANDED_OVER_ITEM = {
    "id": _ID,
    "uscc": "91440783M159083022",
    "name": "开平市示例科技有限公司",
    "status": "active",
    "said": "补齐第三季度辅助账",
    "on": "2026-12-10",
    "outcome": "kept",
    "reason": "移交之后又换了人。",
}
_TWIN = {
    "uscc": "91440783M159083022",
    "name": "开平市长兴卫浴有限公司",
    "other_uscc": "91440783M159083065",
    "other_name": "开平市长星卫浴有限公司",
    "why": "名称同音",
}
_FILE = {
    "id": _ID,
    "name": "辅助账.jpg",
    "size": 482133,
    "kind": "jpeg",
    "scan": "clean",
    "note": "第三季度",
    "sent_at": _AT,
    "sent_by": "王专员",
    "verified": False,
    "removable": True,
}
_FOLLOWED = {"uscc": "91440783M159083022", "name": "开平市长兴卫浴有限公司", "tier": "eaglet", "since": _AT}
_NOTE = {"text": "电话确认材料已寄出，请 @李专员 收。"}
_SILENT = {
    "uscc": "91440783M159083022",
    "name": "开平市长兴卫浴有限公司",
    "tier": "eaglet",
    "officer": "王专员",
    "stale_on": "2026-11-03",
    "working_days": 14,
    "last_contact_on": "2026-08-06",
}
_REMARK = {
    "at": _AT,
    "author": "王专员",
    "text": "新车间已投产，研发费用辅助账还差第三季度。",
    "visit": "on_site",
    "visited_on": "2026-11-23",
    "people": "周会计",
    "struck": "",
}
_COLLEAGUE = {"call": "李专员", "name": "李专员", "role": "officer", "unit": "科技股"}
_ALIKE = {
    "uscc": "91440783M159083065",
    "name": "开平市长星卫浴有限公司",
    "region_code": "440783117",
    "status": "active",
    "why": "名称同音",
}
_APART = {"uscc": "91440783M159083022", "other_uscc": "91440783M159083065", "apart": True}
_MERGED = {
    "id": _ID,
    "state": "done",
    "uscc": "91440783M159083022",
    "name": "开平市长兴卫浴有限公司",
    "gone": "91440783M159083065",
    "gone_name": "开平市长星卫浴有限公司",
    "merged_at": _AT,
    "merged_by": "王专员",
    "undone_at": None,
    "undone_by": "",
}
EXAMPLES: dict[str, Any] = {
    "RemarkList": {"items": [_REMARK], "next": None},
    "ColleagueList": {"items": [_COLLEAGUE], "next": None},
    "VisitStrike": {"reason": "记到了别的企业"},
    "AlikeList": {"items": [_ALIKE], "next": None},
    "ApartIn": _APART,
    "ApartOut": _APART,
    "MergeList": {"items": [_MERGED], "next": None},
    "StaleFirm": _SILENT,
    "StaleList": {"items": [_SILENT], "next": None, "resets": "记一次走访或往来记录，或移动梯队，就重新计时。"},
    "WorkFiles": {"items": [_FILE], "next": None},
    "FollowIn": {"following": True},
    "FollowOut": {"uscc": "91440783M159083022", "following": True},
    "FollowedFirm": _FOLLOWED,
    "FollowedList": {"items": [_FOLLOWED], "next": None},
    "NoteIn": _NOTE,
    "NoteOut": {"id": _ID, "at": _AT, "author": "王专员", **_NOTE, "told": ["李专员"], "unknown": []},
    "HandoverIn": {"giver": _ID, "taker": _ID, "dry_run": False, "seen": "52.9.3.2.1", "reason": "岗位调整"},
    "HandoverOut": _HANDOVER,
    "HandedOver": _HANDED_OVER,
    "HandedOverList": {"items": [_HANDED_OVER], "next": None},
    "HandedOverItem": _HANDED_OVER_ITEM,
    "HandedOverItems": {"items": [_HANDED_OVER_ITEM], "next": None},
    "HandoverItems": {
        "items": [
            {
                "id": _ID,
                "uscc": "91440783M159083022",
                "name": "开平市示例科技有限公司",
                "status": "active",
                "said": "补齐第三季度辅助账",
                "on": "2026-12-10",
            }
        ],
        "next": None,
    },
    "MergeIn": {"gone": "91440783M159083065", "take": ["address"], "version": 3, "gone_version": 1},
    "MergeOut": _MERGE,
    "MergeLook": {
        "uscc": "91440783M159083022",
        "name": "开平市示例科技有限公司",
        "version": 3,
        "gone": "91440783M159083065",
        "gone_name": "开平市示例科技有限公司",
        "gone_version": 1,
        "fields": [{"name": "address", "label": "地址", "kept": "", "gone": "水口镇"}],
        "shares": [{"label": "走访", "moves": 2, "stays": 0}],
    },
    "TwinList": {"items": [_TWIN], "next": None},
    "VisitIn": {
        "summary": "新车间已投产，研发费用辅助账还差第三季度。",
        "visited_on": "2026-11-23",
        "kind": "on_site",
        "people": "周会计",
        "next_touch_on": "2026-12-10",
        "ours": ["寄送高企申报材料清单"],
        "theirs": ["补齐第三季度辅助账"],
        "need": "夏季限电影响中试，请协调保供。",
        "need_kind": "utility",
    },
    "VisitOut": VISIT,
    "VisitList": {"items": [VISIT], "next": None},
    "VisitedOut": _VISITED,
    "VisitedList": {"items": [_VISITED], "next": None},
    "TaskIn": {"title": "寄送高企申报材料清单", "due_on": "2026-12-10", "officer_id": None, "owner": "bureau"},
    "TaskPatch": {"title": "寄送高企申报材料清单", "due_on": "2026-12-15", "officer_id": None},
    "TaskMark": {"state": "done", "version": 2},
    "TaskOut": TASK,
    "TaskList": {"items": [TASK], "next": None},
    "NeedIn": {"kind": "utility", "body": "夏季限电影响中试，请协调保供。", "due_on": "2026-12-31", "officer_id": None},
    "FollowUpIn": {"body": "已转供电所，答复三日内到现场。", "officer_id": None, "due_on": "2026-12-31"},
    "EndingIn": {"state": "solved", "answer": "已列入保供名单并告知企业。", "version": 2},
    "NeedOut": NEED,
    "NeedList": {"items": [NEED], "next": None},
}
