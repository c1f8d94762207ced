"""Bodies, keys and positions that a driver, a parser or a page could choke on: never a 5xx. For what is written into
fields see tests/domains/test_every_field.py."""

import re

import pytest

from tests import factories

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b"{}" * 10, b"[" * 5000])
async def test_a_body_that_is_no_object_is_422_with_a_sentence(api_as, body):
    api = await api_as("officer")
    answer = await api.post("/api/v1/firms", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert CHINESE.search(answer.json()["detail"])
    assert not any(field.isdigit() for field in answer.json().get("errors", {}))


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
