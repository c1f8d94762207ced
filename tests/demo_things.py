"""Of everything that an address can name, one in the demo county: taken from the tables, for tests made of routes."""

import re
import uuid
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text

from app.db import Conn, new_id

_OF_FIRMS = {
    "visit_id": "firm_visits",
    "task_id": "firm_tasks",
    "need_id": "firm_needs",
    "certificate_id": "certificates",
    "claim_id": "title_claims",
    "move_id": "moves",
    "application_id": "applications",
    "filing_id": "submissions",
    "plan_id": "firm_plans",
    "right_id": "ip_rights",
    "invitation_id": "clerk_invitations",
    "reminder_id": "reminders",
    "object_id": "firm_visits",
    "request_id": "move_requests",
}
_OF_CARRIERS = {
    "tenancy_id": "tenancies",
    "space_id": "carrier_spaces",
    "entry_id": "entry_applications",
    "disagreement_id": "stay_disagreements",
    "proposal_id": "tenancy_proposals",
    "team_id": "carrier_teams",
    "round_id": "collection_rounds",
    "duty_id": "carrier_duties",
    "log_id": "carrier_logs",
}
_ALONE = {
    "carrier_id": "carriers",
    "window_id": "filing_windows",
    "answer_id": "collection_answers",
    "list_id": "result_lists",
    "batch_id": "import_batches",
    "merge_id": "firm_merges",
    "view_id": "saved_views",
    "act_id": "bulk_acts",
    "actual_id": "plan_actuals",
    "snapshot_id": "plan_snapshots",
    "message_id": "outbox_messages",
    "platform_id": "platforms",
    "version_id": "policy_versions",
    "rule_id": "reminder_rules",
    "outlet_id": "outlets",
    "user_id": "users",
    "attachment_id": "attachments",
    "file_id": "attachments",
    "which": "tenancies",
    "step_id": "firm_plan_steps",
}
TABLES = {*_OF_FIRMS.values(), *_OF_CARRIERS.values(), *_ALONE.values()}
_ELSEWHERE = (
    (r"/logs/{kind}/", {"entry_id": "carrier_logs"}),
    (r"^/clerks/", {"request_id": "clerk_requests"}),
    (r"^/api/v1/moves/", {"move_id": "move_requests"}),
)
_WORDS = {
    "year": "2025", "nth": "1", "plan": "plan-15", "role": "officer", "section": "rd", "tier": "eaglet",
    "week": "2026-W47", "code": "filing", "form": "csv", "number": "0", "place": "0", "act": "up", "answer": "agree",
    "key": "moved-up", "indicator": "hnte", "reference": "0" * 12, "step": "answer",
}  # fmt: skip


async def things_in(
    conn: Conn, path: str, *, firm: uuid.UUID | None = None, carrier: uuid.UUID | None = None
) -> dict[str, str]:
    """What the address `path` names, by its placeholders; of that firm and carrier where there is one of theirs."""
    kind = "event" if "/logs/" in path else "visits" if path.startswith("/api/v1/firms/") else "visit"
    given = dict(_WORDS) | {"kind": kind}
    own = {"firm": str(firm), "carrier": str(carrier)}
    first = "SELECT uscc FROM firms ORDER BY id::text <> :firm, uscc LIMIT 1"
    given["uscc"] = (await conn.execute(text(first), {"firm": own["firm"]})).scalar_one()
    elsewhere = next((tables for where, tables in _ELSEWHERE if re.search(where, path)), {})
    for name in re.findall(r"{(\w+)}", path):
        table = elsewhere.get(name) or _OF_FIRMS.get(name) or _OF_CARRIERS.get(name) or _ALONE.get(name)
        if name in given:
            continue
        if table is None:
            given[name] = str(new_id())
            continue
        if table in _OF_FIRMS.values():
            what, joined = "f.uscc", f"{table} t JOIN firms f ON f.id = t.firm_id ORDER BY f.id::text <> :firm"
        elif table in _OF_CARRIERS.values():
            what, joined = "t.carrier_id::text", f"{table} t ORDER BY t.carrier_id::text <> :carrier"
        else:
            what, joined = "''", f"{table} t ORDER BY t.id::text <> :carrier"
        query = text(f"SELECT t.id, {what} AS whose FROM {joined}, t.id LIMIT 1")
        row = (await conn.execute(query, {n: v for n, v in own.items() if f":{n}" in joined})).first()
        given[name] = str(row.id if row else new_id())
        if row and row.whose:
            given["uscc" if what == "f.uscc" else "carrier_id"] = row.whose
    return given


async def any_in(conn: Conn, table: str) -> bool:
    return bool((await conn.execute(text(f"SELECT EXISTS (SELECT FROM {table})"))).scalar_one())


def bodies_of(app: FastAPI) -> dict[tuple[str, str], Any]:
    """By method and address, a body that the API could take: what the specification shows."""
    spec = app.openapi()
    parts, found = spec["components"]["schemas"], {}
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            named = schema.get("$ref") or next((s["$ref"] for s in schema.get("anyOf", ()) if "$ref" in s), "")
            if named:
                found[method.upper(), path] = parts[named.rsplit("/", 1)[-1]]["example"]
    return found
