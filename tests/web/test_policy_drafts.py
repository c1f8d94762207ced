"""A draft on its pages: copied, edited field by field without JavaScript, submitted, counted, published by another."""

import re
import uuid
from typing import Any

import pytest
from bs4 import BeautifulSoup

from app.assessments.terms import VersionState
from app.assessments.versions import Edition, list_versions, version_by_id
from app.policy.writing import as_yaml
from tests import factories
from tests.domains.test_policy_versions import submitted
from tests.harness import NOON

TODAY = NOON.date()


@pytest.fixture
async def admin(client_as):
    return await client_as("admin")


async def copied(conn: Any, admin: Any, policy: str = "hnte") -> Edition:
    source = (await list_versions(conn, policy=policy))[0]
    answer = await admin.post(f"/admin/policies/{source.id}/copy")
    assert answer.status_code == 303
    return await version_by_id(conn, uuid.UUID(answer.headers["location"].rsplit("/", 1)[1]))


def form_of(html: str) -> dict[str, Any]:
    """What a browser would send of the page's form, were nothing touched."""
    form = BeautifulSoup(html, "html5lib").select_one("main form")
    data: dict[str, Any] = {}
    for control in form.select("input, textarea, select"):
        name = control.get("name")
        if control.name == "select":
            chosen = control.select_one("option[selected]") or control.select_one("option")
            data[name] = chosen["value"]
        elif control.get("type") == "checkbox":
            if control.has_attr("checked"):
                data.setdefault(name, []).append(control["value"])
        else:
            data[name] = control.text.removeprefix("\n") if control.name == "textarea" else control.get("value", "")
    return data


async def place_of(conn: Any, draft: Edition, code: str) -> str:
    now = (await version_by_id(conn, draft.id)).version
    return str([c.code for c in now.criteria].index(code))


@pytest.mark.parametrize("code", ["rd_staff_ratio", "rd_intensity", "innovation_score", "no_incident"])
async def test_a_form_that_is_sent_as_it_came_changes_nothing(conn, admin, code):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, code)}"
    data = form_of((await admin.get(at)).text)
    assert (await admin.post(at, data=data)).status_code == 303
    assert (await version_by_id(conn, draft.id)).row_version == draft.row_version
    head = f"/admin/policies/{draft.id}/head"
    assert (await admin.post(head, data=form_of((await admin.get(head)).text))).status_code == 303
    assert (await version_by_id(conn, draft.id)).row_version == draft.row_version


async def test_a_limit_is_changed_in_chinese_and_the_page_says_what_it_asks_now(conn, admin, rendered):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'rd_staff_ratio')}"
    data = form_of((await admin.get(at)).text)
    assert data["f.at_least"] == "10%"
    answer = await admin.post(at, data=data | {"f.at_least": "８％"})
    assert answer.status_code == 303
    await admin.get(f"/admin/policies/{draft.id}")
    found = {c.code: c.asks for c in rendered[-1][1]["conditions"]}
    assert found["rd_staff_ratio"] == "不低于 8%"


async def test_who_confirmed_a_source_without_its_official_page_is_told_at_the_field(conn, admin):
    draft = await copied(conn, admin)
    head = f"/admin/policies/{draft.id}/head"
    form = await admin.get(head)
    assert "谁、在哪一天对照官方页面核对过" in form.text
    data = form_of(form.text) | {"f.source.confirmed_by": "王五 2027-03-01"}
    answer = await admin.post(head, data=data)
    assert answer.status_code == 422
    assert BeautifulSoup(answer.text, "html5lib").select_one(".errors a")["href"] == "#f.source.confirmed_by"
    assert (await admin.post(head, data=data | {"f.source.grade": "O"})).status_code == 303
    assert (await version_by_id(conn, draft.id)).version.source.confirmed


async def test_a_fault_keeps_what_was_typed_and_leads_to_its_field(conn, admin):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'rd_intensity')}"
    data = form_of((await admin.get(at)).text)
    answer = await admin.post(at, data=data | {"f.brackets.1.at_least": "很多", "f.title": "新的名称"})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html5lib")
    assert page.select_one(".errors a")["href"] == "#f.brackets.1.at_least"
    field = page.find(id="f.brackets.1.at_least")
    assert (field["value"], field["aria-invalid"]) == ("很多", "true")
    assert page.find(id="f.title")["value"] == "新的名称"
    assert (await version_by_id(conn, draft.id)).version == draft.version


async def test_rows_come_go_and_change_places_before_anything_is_saved(conn, admin):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'rd_intensity')}"
    data = form_of((await admin.get(at)).text)

    async def pressed(do: str) -> dict[str, Any]:
        answer = await admin.post(at, data=data | {"do": do})
        assert answer.status_code == 200
        return form_of(answer.text)

    data = await pressed("add:f.brackets")
    assert data["f.brackets.3.at_least"] == ""
    data = await pressed("up:f.brackets.3")
    data |= {"f.brackets.2.up_to": "10亿元", "f.brackets.2.at_least": "3.5%"}
    data = await pressed("drop:f.brackets.0")
    assert (await version_by_id(conn, draft.id)).version == draft.version
    assert (await admin.post(at, data=data)).status_code == 303
    brackets = (await version_by_id(conn, draft.id)).version.criteria[int(at[-1])].brackets
    assert [(b.up_to, str(b.at_least)) for b in brackets] == [
        (200_000_000, "0.04"),
        (1_000_000_000, "0.035"),
        (None, "0.03"),
    ]


@pytest.mark.parametrize("do", ["add:f.title", "drop:f.brackets.99", "up:f.brackets.0", "drop:f.x.y.0", "xyz", "add:"])
async def test_a_button_that_no_page_has_does_no_harm(conn, admin, do):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'rd_intensity')}"
    answer = await admin.post(at, data=form_of((await admin.get(at)).text) | {"do": do})
    assert answer.status_code == 303
    assert (await version_by_id(conn, draft.id)).version == draft.version


async def test_an_empty_row_is_no_row(conn, admin):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'rd_intensity')}"
    added = await admin.post(at, data=form_of((await admin.get(at)).text) | {"do": "add:f.brackets"})
    assert (await admin.post(at, data=form_of(added.text))).status_code == 303
    assert (await version_by_id(conn, draft.id)).version == draft.version


async def test_a_new_condition_goes_through_its_kind_and_a_group_gets_parts(conn, admin, rendered):
    draft = await copied(conn, admin)
    here = f"/admin/policies/{draft.id}"
    assert (await admin.get(f"{here}/criteria/new")).status_code == 200
    assert ("threshold", "数值达到界限") in rendered[-1][1]["kinds"]
    group = {"f.title": "任一", "f.code": "either", "row_version": str(draft.row_version)}
    assert (await admin.post(f"{here}/criteria/new?kind=any_of", data=group)).status_code == 303
    at = await place_of(conn, draft, "either")
    part = {
        "f.title": "发明专利",
        "f.code": "patents",
        "f.measure": "ip_class_one",
        "f.at_least": "2 件",
        "row_version": str(draft.row_version + 1),
    }
    assert (await admin.post(f"{here}/criteria/new?kind=threshold&under={at}", data=part)).status_code == 303
    stamp = {"row_version": str(draft.row_version + 2)}
    assert (await admin.post(f"{here}/criteria/{at}-0/remove", data=stamp)).status_code == 303
    stamp = {"row_version": str(draft.row_version + 3)}
    assert (await admin.post(f"{here}/criteria/{at}/up", data=stamp)).status_code == 303
    now = (await version_by_id(conn, draft.id)).version.criteria[int(at) - 1]
    assert [c.code for c in now.parts_of()] == ["patents"]


async def test_a_stale_form_is_told_and_keeps_what_was_typed(conn, admin):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'rd_staff_ratio')}"
    data = form_of((await admin.get(at)).text)
    await admin.post(at, data=data | {"f.at_least": "9%"})
    late = await admin.post(at, data=data | {"f.at_least": "7%"})
    assert late.status_code == 409
    assert form_of(late.text)["f.at_least"] == "7%"
    assert (await admin.post(at, data=form_of(late.text))).status_code == 303


async def test_the_last_condition_cannot_be_taken_out_and_the_page_says_so(conn, admin):
    draft = await copied(conn, admin, "hnte_certificate")
    answer = await admin.post(
        f"/admin/policies/{draft.id}/criteria/0/remove", data={"row_version": str(draft.row_version)}
    )
    assert answer.status_code == 409
    assert "这是最后一项" in answer.text


async def test_an_example_says_which_fact_it_cannot_take(conn, admin):
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/examples/new"
    data = form_of((await admin.get(at)).text) | {
        "f.name": "甲",
        "f.as_of": "2026-01-05",
        "f.facts": '{"years": {"2025": {"headcount": -3}}, "registered_on": "2027-01-01"}',
    }
    answer = await admin.post(at, data=data)
    assert answer.status_code == 422
    assert "years.2025.headcount：" in answer.text
    assert "registered_on：2027-01-01 还没有到" in answer.text


async def ready(conn: Any, admin: Any, *, begins: str = "2027-01-01") -> Edition:
    """A draft of the certificate's policy for next year, with an example that keeps."""
    draft = await copied(conn, admin, "hnte_certificate")
    here = f"/admin/policies/{draft.id}"
    head = form_of((await admin.get(f"{here}/head")).text)
    changed = {"f.version": "2027", "f.effective_from": begins, "f.document": "国科发火〔2027〕1号"}
    assert (await admin.post(f"{here}/head", data=head | changed)).status_code == 303
    for n in range(len(draft.version.examples)):
        now = await version_by_id(conn, draft.id)
        answer = await admin.post(f"{here}/examples/0/remove", data={"row_version": str(now.row_version)})
        assert answer.status_code == 303, n
    example = form_of((await admin.get(f"{here}/examples/new")).text)
    filled = {"f.name": "没有证书", "f.as_of": begins, "f.facts": '{"certificates": []}', "f.outcome": "not_met"}
    assert (await admin.post(f"{here}/examples/new", data=example | filled)).status_code == 303
    return await version_by_id(conn, draft.id)


async def test_from_a_copy_to_what_counts_by_two_people(conn, admin, client_as, rendered):
    await factories.firm_on(conn, "hnte")
    draft = await ready(conn, admin)
    here = f"/admin/policies/{draft.id}"
    answer = await admin.post(f"{here}/submit", data={"row_version": str(draft.row_version)})
    assert answer.status_code == 303
    assert (await admin.post(f"{here}/publish")).status_code == 403
    manager = await client_as("manager")
    page = await manager.get(here)
    assert "2016 到 2026-12-31 为止，由本版本取代。" in page.text
    assert rendered[-1][1]["acts"].decide
    assert [e.wrong for e in rendered[-1][1]["examples"]] == [()]
    assert (await manager.get(f"{here}/impact")).status_code == 200
    assert rendered[-1][1]["impact"].changed == 0
    assert (await manager.post(f"{here}/publish")).status_code == 303
    assert (await version_by_id(conn, draft.id)).state is VersionState.PUBLISHED
    history = await manager.get(here)
    assert re.search("发布政策版本.*取代：2016", history.text, re.S)


async def test_a_copy_that_keeps_its_first_day_is_submitted_only_as_a_correction_and_nothing_goes_at_one_press(
    conn, admin
):
    draft = await copied(conn, admin)
    here = f"/admin/policies/{draft.id}"
    asked = (await admin.get(here)).text
    assert "作为更正提交" in asked
    assert f"{draft.version.effective_from} 以来的判断都会改" in asked
    for act in ("submit", "remove"):
        forms = re.findall(
            rf'(<details class="confirm">\s*<summary(?:(?!</details>).)*)?action="[^"]*/{act}"', asked, re.S
        )
        assert forms, act
        assert all(forms), act
    head = form_of((await admin.get(f"{here}/head")).text)
    await admin.post(f"{here}/head", data=head | {"f.effective_from": "2027-01-01"})
    assert "作为更正提交" not in (await admin.get(here)).text


async def test_what_is_sent_back_shows_its_reason_to_who_drafted_it(conn, admin, client_as):
    draft = await ready(conn, admin)
    here = f"/admin/policies/{draft.id}"
    await admin.post(f"{here}/submit", data={"row_version": str(draft.row_version)})
    manager = await client_as("manager")
    assert (await manager.post(f"{here}/return", data={"reason": ""})).status_code == 422
    assert (await manager.post(f"{here}/return", data={"reason": "文号写错了"})).status_code == 303
    assert "文号写错了" in (await admin.get(here)).text
    assert (await manager.post(f"{here}/publish")).status_code == 409


async def test_what_cannot_be_submitted_says_every_reason_and_stays_a_draft(conn, admin):
    draft = await copied(conn, admin)
    here = f"/admin/policies/{draft.id}"
    head = form_of((await admin.get(f"{here}/head")).text)
    await admin.post(f"{here}/head", data=head | {"f.effective_from": "2027-01-01"})
    now = await version_by_id(conn, draft.id)
    answer = await admin.post(f"{here}/submit", data={"row_version": str(now.row_version)})
    assert answer.status_code == 409
    assert "不在本版本的有效期内" in answer.text
    assert (await version_by_id(conn, draft.id)).state is VersionState.DRAFT


async def test_the_firms_that_would_change_are_listed_for_who_may_see_answers(conn, admin, client_as, rendered):
    uscc = await factories.firm(conn, "=HYPERLINK有限公司", registered_on=TODAY.replace(year=2016))
    draft = await copied(conn, admin)
    at = f"/admin/policies/{draft.id}/criteria/{await place_of(conn, draft, 'registered_days')}"
    await admin.post(at, data=form_of((await admin.get(at)).text) | {"f.at_least": "9999 天"})
    assert (await admin.post(f"/admin/policies/{draft.id}/impact")).status_code == 303
    await admin.get(f"/admin/policies/{draft.id}/impact")
    assert rendered[-1][1]["firms"] == []
    manager = await client_as("manager")
    await manager.get(f"/admin/policies/{draft.id}/impact")
    assert [f.uscc for f in rendered[-1][1]["firms"]] == [uscc]
    file = await manager.post(f"/admin/policies/{draft.id}/impact.csv")
    assert "attachment" in file.headers["content-disposition"]
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines == ["统一社会信用代码,企业名称,现在,发布后", f"{uscc},'=HYPERLINK有限公司,缺数据,未达标"]


@pytest.mark.parametrize("policy", ["incubator_national", "super_deduction"])
async def test_what_answers_for_no_firm_says_so_instead_of_no_change(conn, admin, policy):
    await factories.firm(conn)
    draft = await copied(conn, admin, policy)
    here = f"/admin/policies/{draft.id}"
    assert (await admin.post(f"{here}/impact")).status_code == 303
    for page in (here, f"{here}/impact"):
        told = (await admin.get(page)).text
        assert "没有可以逐家对照的企业" in told
        assert "家的结论会变" not in told


async def test_retiring_goes_by_two_people_over_the_pages(conn, admin, client_as):
    source = (await list_versions(conn, policy="hnte_certificate"))[0]
    here = f"/admin/policies/{source.id}"
    assert (await admin.post(f"{here}/retirement", data={"on": "明年", "reason": "x"})).status_code == 422
    assert (await admin.post(f"{here}/retirement", data={"on": "2027-01-01", "reason": "废止"})).status_code == 303
    manager = await client_as("manager")
    assert "申请自 2027-01-01 起停用" in (await manager.get(here)).text
    assert (await manager.post(f"{here}/retirement/agree")).status_code == 303
    assert (await version_by_id(conn, source.id)).state is VersionState.RETIRED


def yaml_file(text: str) -> dict[str, Any]:
    return {"file": ("甲.yaml", text.encode(), "application/yaml")}


async def test_a_file_becomes_drafts_and_a_broken_one_says_its_line(conn, admin, rendered):
    source = (await list_versions(conn, policy="hnte_certificate"))[0]
    written = as_yaml(source.pack)
    same = await admin.post("/admin/policies/upload", files=yaml_file(written))
    assert same.headers["location"] == "/admin/policies"
    new = written.replace("version: '2016'", "version: '2030'")
    assert (await admin.post("/admin/policies/upload", files=yaml_file(new))).status_code == 303
    assert {e.version.version for e in await list_versions(conn, policy="hnte_certificate")} == {"2016", "2030"}
    for text, sentence in (
        (new.replace("noun:", "nown:"), "没有这一项"),
        ("[" * 200_000, "内容太多或嵌套太深"),
        ("x" * (600 << 10), "文件太大"),
        (written.replace("noun: 高企证书", "noun: 别的证书"), "2016 已发布，内容与文件里的不同"),
    ):
        answer = await admin.post("/admin/policies/upload", files=yaml_file(text))
        assert answer.status_code in (409, 422)
        assert sentence in answer.text
    gbk = {"file": ("甲.yaml", new.encode("gb18030"), "application/yaml")}
    assert "不是 UTF-8" in (await admin.post("/admin/policies/upload", files=gbk)).text


async def test_a_published_version_has_no_forms(conn, admin):
    source = (await list_versions(conn, policy="hnte"))[0]
    for path in ("head", "criteria/0", "examples/new"):
        assert (await admin.get(f"/admin/policies/{source.id}/{path}")).status_code == 409


async def test_a_version_that_waits_for_a_head_stands_on_the_heads_first_page(conn, client_as, rendered):
    admin = await factories.person(conn, "admin")
    draft = await submitted(conn, admin.actor)
    manager, officer = await client_as("manager"), await client_as("officer")
    page = await manager.get("/")
    assert f"/admin/policies/{draft.id}" in page.text
    assert "政策等您决定" in page.text
    assert "政策等您决定" not in (await officer.get("/")).text
