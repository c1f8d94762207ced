"""Every field of every form and every body, with what a driver, a parser or a page could choke on: never a 5xx."""

import json
import re

import pytest

from app.db import new_id
from tests import factories

VALUES = [
    "甲\x00乙",
    "\x1b[31m",
    "长" * 10_000,
    "9" * 5000,
    "-1",
    "²",
    "\u202e\u200b",
    "<b>&\"'",
    "2026-02-30",
    "[]",
    " ",
]
FORMS = {
    "/sign-in": ("login", "password", "next", "kept"),
    "/look": ("size", "theme", "back"),
    "/account/password": ("current", "new", "again"),
    "/firms/{uscc}/notes": ("text",),
    "/firms/{uscc}/move": (
        "to", "effective_on", "reason", "expected", "override_reason", "correction", "idempotency_key",
    ),
    "/moves/{id}/reject": ("reason",),
    "/admin/users/new": ("login", "name", "role", "scope", "unit", "email", "uscc"),
    "/admin/calendar": ("rows", "source", "confirmed"),
}  # fmt: skip
SOUND = {
    "/sign-in": {"login": "officer", "password": factories.PASSWORD},
    "/firms/{uscc}/move": {"to": "tech_micro", "reason": "入库", "expected": ""},
    "/admin/users/new": {"login": "newcomer", "name": "新人", "role": "officer", "scope": "440783"},
    "/admin/calendar": {"rows": "2027-01-01\tholiday\t元旦", "source": "国办发明电〔2026〕7号"},
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("path", list(FORMS))
async def test_no_form_field_breaks_anything(conn, client_as, path):
    uscc = await factories.firm(conn)
    client = await client_as("admin" if path.startswith("/admin") else "officer")
    address = path.format(uscc=uscc, id=new_id())
    for field in FORMS[path]:
        for value in VALUES:
            trial = await conn.begin_nested()
            answer = await client.post(address, data=SOUND.get(path, {}) | {field: value})
            await trial.rollback()
            assert answer.status_code < 500, (field, value[:20], answer.status_code)
            if answer.status_code >= 400:
                assert CHINESE.search(answer.text), (field, value[:20])


BODIES = {
    "POST /api/v1/firms": {"name": "开平市某某有限公司", "uscc": "91440783M159083022"},
    "PATCH /api/v1/firms/{uscc}": {},
    "POST /api/v1/firms/{uscc}/moves": {"to": "tech_micro", "expected": None, "reason": "入库"},
    "POST /api/v1/moves/{move_id}/reject": {"reason": "不行"},
}
JSON_VALUES = [*VALUES, None, True, 0, -1, 10**30, 1e308, [], ["\x00"], {}, {"a": "\x00"}, "\ud800", [[[]]]]


@pytest.mark.parametrize("route", list(BODIES))
async def test_no_json_field_breaks_anything(conn, api_as, built_app, route):
    method, path = route.split()
    uscc = await factories.firm(conn)
    api = await api_as("officer")
    address = path.format(uscc=uscc, move_id=new_id())
    for field in fields_of(built_app, method, path):
        for value in JSON_VALUES:
            trial = await conn.begin_nested()
            body = json.dumps(BODIES[route] | {field: value})
            headers = {"content-type": "application/json", "if-match": '"1"'}
            answer = await api.request(method, address, content=body, headers=headers)
            await trial.rollback()
            assert answer.status_code < 500, (field, str(value)[:20], answer.text[:300])
            if answer.status_code >= 400:
                assert CHINESE.search(answer.json()["detail"])


def fields_of(app, method, path):
    spec = app.openapi()
    schema = spec["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    return list(spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]["properties"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"{}" * 10, b"[" * 5000])
async def test_a_body_that_is_no_object_is_422_with_a_sentence(api_as, body):
    api = await api_as("officer")
    answer = await api.post("/api/v1/firms", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert CHINESE.search(answer.json()["detail"])


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x", ""]
)
async def test_a_form_of_another_kind_is_refused_or_empty_and_never_a_fault(conn, client_as, kind):
    uscc = await factories.firm(conn)
    client = await client_as("officer")
    for path in (f"/firms/{uscc}/notes", f"/firms/{uscc}/edit", f"/firms/{uscc}/move", "/sign-in", "/firms/new"):
        answer = await client.post(path, content=b"--y\r\nnonsense", headers={"content-type": kind})
        assert answer.status_code < 500, path


async def test_keys_and_tags_of_any_kind_are_taken_or_refused(conn, api_as):
    uscc = await factories.firm(conn)
    api = await api_as("officer")
    for value in ("x" * 256, "²", '"', "W/", '""', "*", "'; --"):
        headers = {"idempotency-key": value.encode("utf-8"), "if-match": value.encode("utf-8")}
        for method, path in (("POST", "/api/v1/firms"), ("PATCH", f"/api/v1/firms/{uscc}")):
            answer = await api.request(method, path, json={"name": "甲", "uscc": "1"}, headers=headers)
            assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "cursor", ["WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMSJd", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsNV0", "x", "bnVsbA"]
)
@pytest.mark.parametrize("path", ["/audit", "/api/v1/audit", "/api/v1/outbox", "/admin/outbox"])
async def test_a_position_in_a_trail_that_we_did_not_give_is_refused(client_as, path, cursor):
    answer = await (await client_as("admin")).get(path, params={"cursor": cursor})
    assert answer.status_code == 422


@pytest.mark.parametrize("year", ["1999", "2101", "99999999999", "9" * 5000, "x"])
async def test_a_year_out_of_this_world_is_refused(client_as, year):
    assert (await (await client_as("admin")).post(f"/admin/calendar/{year}/confirm")).status_code in (404, 422)


async def test_a_password_is_never_echoed_by_a_refusal(client_as, anonymous):
    secret = "Mimi-" + "x" * 1100
    answer = await anonymous.post("/sign-in", data={"login": "officer", "password": secret})
    assert answer.status_code == 422
    assert "Mimi-" not in answer.text
