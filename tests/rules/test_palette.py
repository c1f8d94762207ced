"""What a search offers beside firms, by name and by role."""

import re
import uuid

import pytest

from app.access.terms import PERMISSIONS, Permission, Role, Viewer
from app.web.palette import act_for, commands_for, is_named, pages_for
from tests.house.access_lines import GUARDED, LINES


def viewer(role: Role) -> Viewer:
    return Viewer(id=uuid.UUID(int=1), login="w", name="王", role=role, scope="440783")


DESKS = [role for role in Role if Permission.FIRM_LIST in PERMISSIONS[role]]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", True),
        ("　 ", True),
        ("走访", True),
        ("记走访", True),
        ("记走访了", False),
        ("j", True),
        ("JZF", True),
        ("ｊｚｆ", True),
        ("jizou", True),
        ("zf", False),
        ("f", False),
    ],
)
def test_a_name_is_found_by_any_part_of_it_and_by_its_spelling_from_the_start(q, found):
    assert is_named("记走访", q) is found


def test_a_command_is_found_by_its_other_name_too():
    assert [c.label for c in commands_for(viewer(Role.OFFICER), "新建窗口")] == ["新增申报窗口"]
    assert "新增申报窗口" in [c.label for c in commands_for(viewer(Role.OFFICER), "窗口")]
    for said in ("交接", "移交"):
        assert "工作移交" in [c.label for c in commands_for(viewer(Role.MANAGER), said)]


def test_each_role_is_offered_about_what_it_may_do_and_nothing_more():
    labels = {role: [c.label for c in commands_for(viewer(role))] for role in DESKS}
    assert len(labels[Role.OFFICER]) == 23
    assert labels[Role.TOWN] == [
        "记走访",
        "移动",
        "布置待办",
        "记诉求",
        "看差距",
        "修改企业资料",
        "新增企业",
        "工作移交",
        "批量指定责任专员",
        "批量加标签",
        "批量定下次联系",
        "批量布置待办",
        "批量移动梯队",
        "撤销批量办理",
        "撤销移交",
    ]
    assert {"导出企业清单（Excel）", "撤销导入", "撤销合并"} < set(labels[Role.OFFICER])
    assert labels[Role.MANAGER] == [
        *("记走访", "布置待办", "记诉求", "看差距", "工作移交", "批量布置待办"),
        *("导出企业清单（Excel）", "撤销批量办理", "撤销移交"),
    ]
    assert labels[Role.ADMIN] == ["新增账号", "改停滞天数", "载入政策"]
    assert labels[Role.AUDITOR] == ["看差距"]


def test_whatever_is_offered_is_a_page_that_opens_to_the_role():
    everybody = {role.value for role in Role}
    roles = {line.path: line.roles if line in GUARDED else everybody for line in LINES if line.method == "GET"}
    for role in DESKS:
        found = [f"/firms/{{uscc}}{c.href}" if c.act else c.href for c in commands_for(viewer(role))]
        found = [re.split("[?#]", href)[0] for href in found]
        for path in [*found, *(p.href for p in pages_for(viewer(role)))]:
            assert role.value in roles[path], path


def test_a_page_is_offered_once_and_by_one_name():
    for role in DESKS:
        pages = pages_for(viewer(role))
        assert len({p.href for p in pages}) == len({p.label for p in pages}) == len(pages)


def test_what_wants_a_firm_is_not_begun_by_one_who_may_not_end_it():
    assert act_for(viewer(Role.TOWN), "move") is not None
    assert act_for(viewer(Role.MANAGER), "move") is None
    assert act_for(viewer(Role.OFFICER), "nothing") is None
    assert act_for(viewer(Role.OFFICER), "") is None
