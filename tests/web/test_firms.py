"""The registry over HTTP: its form, its JSON, and what a hostile or hurried hand may send."""

import pytest

from app.firms.terms import ContactDetails
from tests import factories
from tests.factories import TOWN

NEW = {"name": "开平市新光卫浴有限公司", "uscc": "91440783M159083022", "region_code": TOWN, "status": "active"}


@pytest.fixture
async def uscc(conn):
    return await factories.firm(
        conn, "开平市旧名卫浴有限公司", contacts=[ContactDetails("张伟", "13922001234", "财务")]
    )


async def form_values(client, rendered, path):
    await client.get(path)
    context = rendered[-1][1]
    values = {field.name: field.value for section in context["form"] for field in section.fields}
    return values | {"version": str(context["version"])}


async def test_a_new_firm_is_registered_and_shown(client_as):
    client = await client_as("officer")
    done = await client.post("/firms/new", data=NEW)
    assert (done.status_code, done.headers["location"]) == (303, f"/firms/{NEW['uscc']}")
    page = await client.get(done.headers["location"])
    assert NEW["name"] in page.text
    assert "已新增" in page.text


async def test_every_fault_is_shown_at_its_field_and_nothing_typed_is_lost(client_as, rendered):
    client = await client_as("officer")
    typed = NEW | {
        "uscc": "123",
        "name": "",
        "registered_on": "去年",
        "registered_capital": "很多",
        "region_code": "999999999",
        "direction": "nowhere",
        "officer_id": "nobody",
        "size_class": "huge",
        "next_touch_on": "2026-02-30",
        "address": "三埠街道甲路1号",
    }
    answer = await client.post("/firms/new", data=typed)
    assert answer.status_code == 422
    assert [name for name, _, _ in rendered[-1][1]["errors"]] == [
        "name", "uscc", "registered_on", "registered_capital", "region_code", "direction", "size_class", "officer_id",
        "next_touch_on",
    ]  # fmt: skip  # as they stand on the form
    assert "三埠街道甲路1号" in answer.text
    assert "去年" in answer.text


async def test_a_code_whose_check_character_fails_is_taken_with_a_reason(client_as, rendered):
    client = await client_as("officer")
    typed = NEW | {"uscc": "91440783M159083023"}
    refused = await client.post("/firms/new", data=typed)
    assert refused.status_code == 422
    assert [name for name, _, _ in rendered[-1][1]["errors"]] == ["uscc_override"]
    done = await client.post("/firms/new", data=typed | {"uscc_override": "与营业执照核对无误"})
    assert done.status_code == 303


async def test_full_width_spaces_and_lower_case_are_tidied(client_as, api_as):
    client = await client_as("officer")
    typed = NEW | {
        "uscc": " ９１４４０７８３m15908 3022 ",
        "name": "  开平市新光(广东)卫浴有限公司 ",
        "registered_capital": "１,０００",
    }
    assert (await client.post("/firms/new", data=typed)).status_code == 303
    firm = (await (await api_as("officer")).get("/api/v1/firms/91440783M159083022")).json()
    assert firm["name"] == "开平市新光（广东）卫浴有限公司"
    assert firm["registered_capital"] == "10000000.00"


async def test_saving_a_form_without_touching_it_changes_nothing(client_as, uscc, rendered):
    client = await client_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    done = await client.post(f"/firms/{uscc}/edit", data=values)
    assert done.status_code == 303
    assert "没有改动" in (await client.get(f"/firms/{uscc}")).text
    assert (await form_values(client, rendered, f"/firms/{uscc}/edit"))["version"] == values["version"]


async def test_an_edit_of_an_old_form_says_what_the_other_changed(client_as, uscc, rendered):
    mine, theirs = await client_as("officer"), await client_as("officer-2")
    values = await form_values(mine, rendered, f"/firms/{uscc}/edit")
    await theirs.post(f"/firms/{uscc}/edit", data=values | {"address": "他们的地址", "size_class": "large"})
    assert "大型" in (await theirs.get(f"/firms/{uscc}")).text
    answer = await mine.post(f"/firms/{uscc}/edit", data=values | {"address": "我的地址"})
    assert answer.status_code == 409
    assert rendered[-1][1]["conflict"] == [("企业规模", "大型", "未填写"), ("地址", "他们的地址", "我的地址")]
    assert rendered[-1][1]["sentence"].startswith("局专员officer-2 刚改过这家企业的资料")
    again = rendered[-1][1]
    retried = values | {"address": "我的地址", "version": str(again["version"])}
    assert (await mine.post(f"/firms/{uscc}/edit", data=retried)).status_code == 303


async def test_the_form_keeps_the_contacts_it_does_not_show(client_as, conn, rendered, api_as):
    uscc = await factories.firm(conn, contacts=[ContactDetails("甲", "1", "财务", "a@b.cn"), ContactDetails("乙", "2")])
    client = await client_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    await client.post(f"/firms/{uscc}/edit", data=values | {"contact_phone": "13800000000"})
    contacts = (await (await api_as("officer")).get(f"/api/v1/firms/{uscc}")).json()["contacts"]
    assert contacts == [
        {"name": "甲", "phone": "13800000000", "title": "财务", "email": "a@b.cn"},
        {"name": "乙", "phone": "2", "title": "", "email": ""},
    ]


@pytest.mark.parametrize(
    "sly", ["tier", "tier_since", "id", "created_by", "stale_on", "search_text", "version", "firm_id"]
)
async def test_the_form_and_the_api_write_no_other_column(client_as, api_as, uscc, rendered, sly):
    client, api = await client_as("officer"), await api_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    before = (await api.get(f"/api/v1/firms/{uscc}")).json()
    await client.post(f"/firms/{uscc}/edit", data={sly: "leader"} | values)
    assert (await api.get(f"/api/v1/firms/{uscc}")).json() == before
    answer = await api.patch(f"/api/v1/firms/{uscc}", json={sly: "leader"}, headers={"if-match": '"1"'})
    assert answer.status_code == 422
    assert sly in answer.json()["errors"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("registered_capital", "-5", "不能是负数"),
        ("industry_code", "ZZ!!", "行业"),
        ("industry_code", "C99", "行业"),
        ("industry_code", "ABC-3360", "行业"),
    ],
)
async def test_the_form_and_the_api_refuse_what_a_roster_may_not_say(
    client_as, api_as, uscc, rendered, field, value, sentence
):
    client, api = await client_as("officer"), await api_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    typed = await client.post(f"/firms/{uscc}/edit", data=values | {field: value})
    assert typed.status_code == 422
    assert [(f, sentence in s) for f, _, s in rendered[-1][1]["errors"]] == [(field, True)]
    answer = await api.patch(f"/api/v1/firms/{uscc}", json={field: value}, headers={"if-match": '"1"'})
    assert answer.status_code == 422
    assert sentence in answer.json()["errors"][field]


@pytest.mark.parametrize(("written", "code"), [("3360", "C3360"), ("c33 60", "C3360"), ("教育", "P83"), ("I", "I")])
async def test_an_industry_is_understood_as_a_roster_writes_it(api_as, uscc, written, code):
    api = await api_as("officer")
    done = await api.patch(f"/api/v1/firms/{uscc}", json={"industry_code": written}, headers={"if-match": '"1"'})
    assert (done.status_code, done.json()["industry_code"]) == (200, code)


async def test_whoever_has_a_firm_keeps_it_when_another_field_is_saved(client_as, conn, rendered, api_as):
    """Also an account that has been disabled: it is no choice for other firms, and nobody asked to take it away."""
    gone = await factories.person(conn, "officer-gone", active=False)
    uscc = await factories.firm(conn, officer_id=gone.id)
    client = await client_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    choices = {f.name: f.options for s in rendered[-1][1]["form"] for f in s.fields}["officer_id"]
    assert str(gone.id) in dict(choices)
    assert (await client.post(f"/firms/{uscc}/edit", data=values | {"address": "新地址"})).status_code == 303
    assert (await (await api_as("officer")).get(f"/api/v1/firms/{uscc}")).json()["officer"] == gone.name


async def test_patch_wants_the_etag_it_was_given(api_as, uscc):
    api = await api_as("officer")
    etag = (await api.get(f"/api/v1/firms/{uscc}")).headers["etag"]
    path = f"/api/v1/firms/{uscc}"
    assert (await api.patch(path, json={"park": "甲"})).status_code == 428
    done = await api.patch(path, json={"park": "甲"}, headers={"if-match": etag})
    assert (done.status_code, done.json()["park"]) == (200, "甲")
    assert done.headers["etag"] != etag
    stale = await api.patch(path, json={"park": "乙"}, headers={"if-match": etag})
    assert stale.status_code == 412
    assert "局专员officer 已改过" in stale.json()["detail"]
    assert (
        await api.patch(path, json={"park": "乙"}, headers={"if-match": f"W/{done.headers['etag']}"})
    ).status_code == 200


async def test_a_patch_sent_twice_with_one_key_gets_the_first_answer_twice(api_as, uscc):
    api = await api_as("officer")
    path = f"/api/v1/firms/{uscc}"
    headers = {"if-match": (await api.get(path)).headers["etag"], "idempotency-key": "k"}
    assert (await api.patch(path, json={"park": "甲"}, headers=headers | {"if-match": '"99"'})).status_code == 412
    first, again = [await api.patch(path, json={"park": "甲"}, headers=headers) for _ in range(2)]
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, first.json())
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotent-replay"] == "true"
    assert (await api.patch(path, json={"park": "乙"}, headers=headers)).status_code == 422


async def test_a_patch_leaves_alone_what_it_does_not_name_and_null_clears(api_as, conn):
    uscc = await factories.firm(conn, park="甲", address="乙路", tags=["重点"])
    api = await api_as("officer")
    firm = (await api.patch(f"/api/v1/firms/{uscc}", json={"park": None}, headers={"if-match": '"1"'})).json()
    assert (firm["park"], firm["address"], firm["tags"]) == (None, "乙路", ["重点"])


async def test_a_list_in_an_order_that_there_is_not_is_refused_and_not_given_in_another(api_as):
    api = await api_as("officer")
    refused = await api.get("/api/v1/firms?sort=headcount")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["sort"])
    assert (await api.get("/api/v1/firms?sort=-name")).status_code == 200


async def test_a_created_firm_is_where_its_location_says(api_as):
    api = await api_as("officer")
    made = await api.post(
        "/api/v1/firms", json={"name": NEW["name"], "uscc": NEW["uscc"], "registered_capital": "5000000"}
    )
    assert made.status_code == 201
    read = await api.get(made.headers["location"])
    assert read.json() == made.json()
    assert made.json()["region_code"] == "440783"
    assert (await api.post("/api/v1/firms", json={"name": "又", "uscc": NEW["uscc"]})).status_code == 409


HOSTILE = {
    "nul": "甲\x00乙",
    "escape": "甲\x1b[31m乙",
    "long": "长" * 10_000,
    "surrogate": "\ud800",
}
TAMED = {"rtl": "甲\u202e乙", "zero width": "甲\u200b乙", "html": "<script>alert(1)</script>甲", "emoji": "甲🙈乙"}


@pytest.mark.parametrize("kind", [k for k in HOSTILE if k != "surrogate"])
async def test_what_cannot_be_kept_is_refused_at_every_field_with_a_sentence(client_as, uscc, rendered, kind):
    client = await client_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    for field in sorted(set(values) - {"version"}):
        answer = await client.post(f"/firms/{uscc}/edit", data=values | {field: HOSTILE[kind]})
        assert (field, answer.status_code) == (field, 422)
        sentences = [sentence for _, _, sentence in rendered[-1][1]["errors"]]
        assert sentences
        assert all(any("\u4e00" <= c <= "\u9fff" for c in s) for s in sentences)
    for path, field in ((f"/firms/{uscc}/notes", "text"), (f"/firms/{uscc}/move", "reason")):
        sent = {"to": "tech_micro", "reason": "入库", field: HOSTILE[kind]}
        assert (path, (await client.post(path, data=sent)).status_code) == (path, 422)
    answer = await client.get("/firms", params={"q": HOSTILE[kind][:2000]})
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("version", ["", "x", "²", "9" * 5000, "99999999999", "-1", "1\x00"])
async def test_a_version_that_no_form_of_ours_has_is_an_old_version(client_as, uscc, rendered, version):
    client = await client_as("officer")
    values = await form_values(client, rendered, f"/firms/{uscc}/edit")
    answer = await client.post(f"/firms/{uscc}/edit", data=values | {"version": version, "address": "新地址"})
    assert answer.status_code == 409


@pytest.mark.parametrize("kind", list(HOSTILE))
async def test_the_api_refuses_the_same(api_as, uscc, kind):
    import json

    api = await api_as("officer")
    for field in ("name", "park", "address", "remark", "uscc_override", "industry_code", "registered_on", "tags"):
        value = [HOSTILE[kind]] if field == "tags" else HOSTILE[kind]
        body = json.dumps({field: value})
        headers = {"if-match": '"1"', "content-type": "application/json"}
        answer = await api.patch(f"/api/v1/firms/{uscc}", content=body, headers=headers)
        assert (field, answer.status_code) == (field, 422)
        assert answer.json()["errors"]


@pytest.mark.parametrize("kind", list(TAMED))
async def test_what_is_only_odd_is_kept_harmless_and_shown_as_text(client_as, api_as, kind):
    client, api = await client_as("officer"), await api_as("officer")
    name = f"开平市{TAMED[kind]}有限公司"
    assert (await client.post("/firms/new", data=NEW | {"name": name})).status_code == 303
    kept = (await api.get(f"/api/v1/firms/{NEW['uscc']}")).json()["name"]
    assert not {"\u202e", "\u200b"} & set(kept)
    for path in (
        f"/firms/{NEW['uscc']}",
        "/firms",
        f"/firms/{NEW['uscc']}/edit",
        f"/firms/{NEW['uscc']}/move",
        "/search?q=开平",
    ):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["q=<script>alert(1)</script>", "sort=<canary>", "region='\"><canary>", "officer=x", "tier=%00", "status=zzz",
     "park=%ff%fe", "stale=maybe", "cursor=zzz", "tag=<canary>", "direction=%27;--", "q=" + "长" * 200,
     "sort=name&cursor=e30"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/firms", "/board", "/api/v1/firms", "/api/v1/board", "/search"])
async def test_no_address_however_odd_breaks_a_page_or_comes_back_as_markup(client_as, uscc, path, query):
    client = await client_as("officer")
    answer = await client.get(f"{path}?{query}")
    assert answer.status_code in (200, 400, 422)
    if not path.startswith("/api"):
        assert "<script>alert" not in answer.text
        assert "<canary>" not in answer.text


@pytest.mark.parametrize(
    "path", ["/firms/%00", "/firms/..%2f..%2fetc%2fpasswd", "/firms/" + "9" * 5000, "/firms/甲", "/board/无"]
)
async def test_odd_paths_are_not_found(client_as, path):
    client = await client_as("officer")
    assert (await client.get(path)).status_code in (400, 404)


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client_as, uscc):
    client = await client_as("officer")
    answer = await client.post(f"/firms/{uscc}/notes", data={"text": "x" * (1 << 20)})
    assert answer.status_code == 413
    assert "MB" in answer.text


async def test_a_body_that_hides_its_length_is_cut_off_at_the_limit_too(client_as, api_as, uscc):
    async def endless():
        for _ in range(64):
            yield b"text=" + b"x" * 32_000

    for client, path in (
        (await client_as("officer"), f"/firms/{uscc}/notes"),
        (await api_as("officer"), "/api/v1/firms"),
    ):
        kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
        answer = await client.post(path, content=endless(), headers={"content-type": kind})
        assert (path, answer.status_code) == (path, 413)


async def test_a_refused_form_leads_back_to_its_page_and_never_to_another_site(client_as, conn):
    uscc = await factories.firm(conn)
    client = await client_as("officer")
    ours = {"referer": f"http://{client.base_url.netloc.decode()}/firms/{uscc}?x=1"}
    refused = await client.post(f"/firms/{uscc}/notes", data={"text": " "}, headers=ours)
    assert refused.status_code == 422
    assert f'href="/firms/{uscc}?x=1"' in refused.text
    theirs = await client.post(
        f"/firms/{uscc}/notes", data={"text": " "}, headers={"referer": "https://evil.example/x"}
    )
    assert "evil.example" not in theirs.text
