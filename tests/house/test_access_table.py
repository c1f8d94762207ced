"""Who may call what: every route with its permission and the roles that hold it. A route that is not here fails."""

import re

import pytest

from app.access.terms import PERMISSIONS, Permission, Role
from app.db import new_id
from app.web.routing import LateRoute
from tests import factories
from tests.house.access_lines import GUARDED, LINES
from tests.house.routes import routes_of

# Pages of one thing, asked for by an id that nothing has.
_THINGS = (
    "attachment|certificate|filing|window|version|application|plan|move|task|need|rule|platform|snapshot"
    "|request|carrier|tenancy|entry|disagreement|user|list|claim|view|round|answer|act|handover"
)
UNKNOWN = rf"/portal/report/|/figures/|/files/|/files$|/merge/|{{({_THINGS})_id}}"


def test_every_route_is_in_the_table_with_the_permission_it_asks_for(built_app):
    found = {(r.method, r.path, " ".join(r.permissions) or "PUBLIC") for r in routes_of(built_app)}
    assert found == {(line.method, line.path, line.permission) for line in LINES}


def test_every_route_is_worked_out_only_when_it_is_asked_for(built_app):
    at_once = [route.path for route in built_app.routes if not isinstance(route, LateRoute)]
    assert at_once == ["/api/v1/openapi.json", "/static"]


def test_the_table_names_exactly_the_roles_that_hold_each_permission():
    for line in GUARDED:
        holders = {role.value for role, held in PERMISSIONS.items() if Permission(line.permission) in held}
        assert (line.path, holders) == (line.path, line.roles)


def filled(path: str, uscc: str) -> str:
    unknown = str(new_id())
    known = {
        "uscc": uscc,
        "tier": "eaglet",
        "year": "2026",
        "reference": "0" * 12,
        "user_id": unknown,
        "message_id": unknown,
        "move_id": unknown,
        "plan_id": unknown,
        "step_id": unknown,
        "visit_id": unknown,
        "task_id": unknown,
        "merge_id": unknown,
        "need_id": unknown,
        "request_id": unknown,
        "attachment_id": unknown,
        "view_id": unknown,
        "act_id": unknown,
        "role": "officer",
        "kind": "visit",
        "object_id": unknown,
        "invitation_id": unknown,
        "filing_id": unknown,
        "section": "rd",
        "batch_id": unknown,
        "version_id": unknown,
        "place": "0",
        "act": "up",
        "number": "0",
        "answer": "agree",
        "certificate_id": unknown,
        "window_id": unknown,
        "list_id": unknown,
        "application_id": unknown,
        "rule_id": unknown,
        "outlet_id": unknown,
        "reminder_id": unknown,
        "code": "filing",
        "plan": "plan-14",
        "actual_id": unknown,
        "week": "2026-W47",
        "key": "moved-up",
        "snapshot_id": unknown,
        "indicator": "hnte",
        "platform_id": unknown,
        "form": "csv",
        "other": "91440783M159083065",
        "carrier_id": unknown,
        "space_id": unknown,
        "entry_id": unknown,
        "disagreement_id": unknown,
        "step": "answer",
        "which": unknown,
        "nth": "1",
        "round_id": unknown,
        "answer_id": unknown,
        "team_id": unknown,
        "duty_id": unknown,
        "tenancy_id": unknown,
        "proposal_id": unknown,
        "claim_id": unknown,
        "file_id": unknown,
        "right_id": unknown,
        "reset_id": unknown,
        "handover_id": unknown,
    }
    return path.format(**known)


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
async def test_a_role_gets_in_where_the_table_says_and_403_everywhere_else(role, conn, client_as):
    uscc = await factories.firm_on(conn, "eaglet")
    firm_id = await factories.id_of(conn, uscc) if role is Role.FIRM else None
    client = await client_as(await factories.person(conn, role.value, firm_id=firm_id))
    session = dict(client.cookies)
    wrong = []
    for line in GUARDED:
        trial = await conn.begin_nested()
        client.cookies = session  # whatever the last answer did to it
        answer = await client.request(line.method, filled(line.path, uscc))
        await trial.rollback()
        if role.value not in line.roles:
            right = answer.status_code == 403
        elif "{batch_id}" in line.path or (line.method == "GET" and re.search(UNKNOWN, line.path)):
            right = answer.status_code == 404
        elif line.method == "GET":
            right = answer.status_code == 200 or (line.path == "/" and answer.status_code == 303)
        else:
            right = answer.status_code < 500 and answer.status_code not in (401, 403)
        if not right:
            wrong.append((line.method, line.path, answer.status_code))
    assert not wrong


async def test_without_signing_in_pages_lead_to_the_sign_in_page_and_the_api_says_401(conn, anonymous):
    uscc = await factories.firm(conn)
    for line in GUARDED:
        answer = await anonymous.request(line.method, filled(line.path, uscc))
        if line.path.startswith("/api/"):
            assert (line.path, answer.status_code) == (line.path, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"
        else:
            assert (line.path, answer.status_code) == (line.path, 303)
            assert answer.headers["location"].startswith("/sign-in")


async def test_a_token_that_only_reads_reads_and_every_other_method_is_refused_by_every_route(conn, client_from):
    token = await factories.token_of(conn, await factories.person(conn, "officer"), read_only=True)
    program = client_from(headers={"authorization": f"Bearer {token}"})
    assert (await program.get("/api/v1/firms")).status_code == 200
    uscc = await factories.firm(conn)
    for line in GUARDED:
        if line.method != "GET":
            answer = await program.request(line.method, filled(line.path, uscc))
            assert (line.path, answer.status_code, "这个令牌只能读" in answer.text) == (line.path, 403, True)
            if line.path.startswith("/api/"):
                assert answer.headers["content-type"] == "application/problem+json"


async def test_public_routes_answer_without_signing_in_and_say_nothing_of_firms(conn, anonymous):
    uscc = await factories.firm(conn, "开平市金丝雀测试有限公司")
    for line in LINES:
        if line.permission == "PUBLIC" and line.method != "*":
            answer = await anonymous.request(line.method, line.path)
            assert (line.path, answer.status_code) in {
                (line.path, 200),
                ("/sign-in", 401),
                ("/sign-in/code", 303),
                ("/sign-in/oidc", 404),
                ("/sign-in/oidc/callback", 404),
                ("/sign-in/bind", 303),
                ("/policy-violations", 204),
                ("/look", 303),
                ("/api/v1/windows.ics", 404),
                ("/join/{token}", 404),
                ("/register", 422),
                ("/forgotten", 422),
                ("/new-password/{token}", 404),
                ("/health/ready", 503),
            }
            assert "金丝雀" not in answer.text
            assert uscc not in answer.text
