"""What is another's answers as what is not there: every route a firm may call, and every one of the API for an officer
of another county, with the ids of a firm of which there is everything, and with ids that nothing has.

Equal are status, headers and body, and the statements that the database was asked: sight is a condition of the query
that finds a thing, so a thing out of sight ends the same query with the same nothing, and the time it takes tells no
more than the answer does.
"""

import re
from datetime import date

import pytest
from sqlalchemy import func, insert, select

from app.access.models import UserSession
from app.attachments.models import AttachmentRow
from app.attachments.service import attach
from app.attachments.terms import ObjectKind, Taken, Target
from app.carriers.models import TenancyProposal
from app.carriers.proposing import propose
from app.clerks.models import ClerkInvitation
from app.db import new_id
from app.files.terms import FileKind, Scan
from app.filings.applying import list_firms
from app.firms.models import Region
from app.outbox.models import OutboxMessage
from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from app.reports.models import Submission
from app.work.models import FirmNeed, FirmTask, FirmVisit
from tests import factories, houses
from tests.demo_things import bodies_of
from tests.harness import NOON
from tests.house.access_lines import GUARDED
from tests.rules.test_sniffing import PDF
from tests.web.test_reports import HERE, clerk
from tests.web.test_titles import RIGHT

NAME = "开平市别家机械有限公司"
NOBODY = {
    "name": "开平市某家机械有限公司",
    "uscc": factories.code(99_999_998),
    "year": "2024",
    "section": "rd",
    "reference": "0" * 12,
    "kind": "report",
}
SECRETS = re.compile(r'[0-9a-f]{32}|(?<=name="csrf_token" value=")[^"]*|(?<=name="csrf" content=")[^"]*')
THINGS = re.compile(r"[0-9A-Z]{18}|[0-9a-f-]{36}|(?<=/)[0-9a-f]{12}|开平市.家机械有限公司")
GRAMS = re.compile(r"ARRAY\[[^\]]*\]|LIKE '[^']*'")  # what is searched for stands in the statement itself
FILLED = {"version": "1", "reason": "理由", "place": "rd"}


@pytest.fixture
async def theirs(conn, client_as):
    """A firm with one of everything that an address can name."""
    uscc = await factories.reporting_firm(conn, NAME)
    firm_id = await factories.id_of(conn, uscc)
    person = await clerk(conn, uscc, "firm-theirs")
    boss, officer = await client_as(person), await factories.person(conn, "officer")
    for year in ("2024", "2025"):
        await boss.post(f"{HERE[:-4]}{year}/begin")
    await boss.post("/portal/titles/new?kind=ip_right", data=RIGHT | {"idempotency_key": "theirs"})
    await boss.post("/portal/people/invite", data={"name": "另一人", "email": "other@example.com"})
    await factories.certificate(conn, uscc, number="GR202444001234")
    await factories.visit(conn, uscc)
    held = await houses.carrier(conn)
    space = await houses.space(conn, held)
    operator = await houses.operator(conn, held)
    await propose(conn, held, houses.lease(space, uscc), by=operator.actor, at=NOON)
    tenancy = await houses.tenancy(conn, held, await houses.space(conn, held, "302"), uscc)
    window = await factories.window(conn, "tech_sme", 2027, 1, firm_due=date(2027, 6, 25))
    (application,) = await list_firms(conn, window, [uscc], by=officer.actor, at=NOON)
    of = {}
    for name, model in {
        "filing_id": Submission, "claim_id": TitleClaim, "certificate_id": Certificate, "right_id": IpRightRow,
        "visit_id": FirmVisit, "task_id": FirmTask, "need_id": FirmNeed, "invitation_id": ClerkInvitation,
        "proposal_id": TenancyProposal,
    }.items():  # fmt: skip
        of[name] = (await conn.execute(select(model.id).limit(1))).scalar_one()
    on = Target(ObjectKind.IP_RIGHT, of["claim_id"], firm_id, uscc)
    await attach(conn, on, Taken("a.pdf", FileKind.PDF, 1, "0" * 64, Scan.CLEAN), by=person.actor, at=NOON)
    of["file_id"] = of["attachment_id"] = (await conn.execute(select(AttachmentRow.id))).scalar_one()
    told = select(OutboxMessage.id).where(OutboxMessage.user_id == person.id).limit(1)
    message = (await conn.execute(told)).scalar_one()
    session = select(func.encode(UserSession.token_hash, "hex")).where(UserSession.user_id == person.id)
    of["reference"] = (await conn.execute(session)).scalar_one()[:12]
    of |= {"user_id": person.id, "message_id": message, "carrier_id": held.id, "space_id": space}
    return of | {
        "name": NAME,
        "uscc": uscc,
        "tenancy_id": tenancy,
        "application_id": application,
        "object_id": of["claim_id"],
    }


def rows_for(role, theirs, sound, *, under=""):
    """(method, path and body with another's ids, path and body with nobody's)"""
    for line in GUARDED:
        names = re.findall(r"{(\w+)}", line.path)
        if role not in line.roles or not names or not line.path.startswith(under):
            continue
        nobody = {name: NOBODY.get(name, str(new_id())) for name in names}
        other = nobody | {k: str(v) for k, v in theirs.items() if k in names}
        body = sound.get((line.method, line.path), {} if line.path.startswith("/api/") else RIGHT | FILLED)
        kinds = [kind.value for kind in ObjectKind] if line.path.startswith("/files/on/") else [nobody.get("kind")]
        for kind in kinds:
            both = {"kind": kind}
            yield line.method, line.path.format(**other | both), body, line.path.format(**nobody | both), body


BY_QUERY = [
    ("GET", "/portal/titles/new?kind=ip_right&of={}", "right_id", None),
    ("POST", "/portal/titles/new?kind=ip_right", "right_id", "of"),
    ("POST", "/files", "object_id", "object_id"),
    ("GET", "/api/v1/firms?q={}", "name", None),
    ("GET", "/api/v1/board?q={}", "name", None),
]


@pytest.fixture(scope="module")
def sound(built_app):
    return bodies_of(built_app)


async def asked(conn, client, statements, method, path, named, body):
    """The answer, without what belongs to one request or names the thing; and what the database was asked."""
    trial = await conn.begin_nested()
    statements.clear()
    more = {"headers": {"if-match": '"1"'}}
    if path.endswith("/files"):
        more |= {"files": {"file": ("a.pdf", PDF)}, "data": body}
    elif method not in ("GET", "DELETE"):
        more["json" if path.startswith("/api/") else "data"] = body
    answer = await client.request(method, path, **more)
    await trial.rollback()
    text = answer.text
    for one in named:
        text = text.replace(one, "…")
    head = {k: v.replace(path, "…") for k, v in answer.headers.items() if k not in ("x-request-id", "content-length")}
    return (
        answer.status_code,
        head,
        SECRETS.sub("", text),
        [GRAMS.sub("", s) for s in statements if "SAVEPOINT" not in s],
    )


async def compare(conn, client, statements, rows):
    wrong, found = [], set()
    for method, foreign, body, absent, nothing in rows:
        parts, others = (THINGS.findall(f"{path} {sent}") for path, sent in ((foreign, body), (absent, nothing)))
        one = await asked(conn, client, statements, method, foreign, parts, body)
        two = await asked(conn, client, statements, method, absent, others, nothing)
        found.add(one[0])
        if one != two:
            kinds = ("status", "headers", "body", "statements")
            wrong.append(
                (method, foreign, [k for k, a, b in zip(kinds, one, two, strict=True) if a != b], one[0], two[0])
            )
        if NAME in one[2]:
            wrong.append((method, foreign, "names it"))
    assert not wrong, "\n".join(map(str, wrong))
    return found


async def test_to_a_firm_another_firm_is_not_there(conn, client_as, theirs, sound, statements):
    mine = await client_as(await clerk(conn, await factories.firm(conn)))
    await mine.get("/portal")
    del theirs["carrier_id"]  # a carrier is no firm's: every one of the county may apply to it
    rows = list(rows_for("firm", theirs, sound))
    for method, path, name, field in BY_QUERY:
        other, nobody = str(theirs[name]), NOBODY.get(name, str(new_id()))
        bodies = [RIGHT | {field: one, "kind": "ip_right"} if field else {} for one in (other, nobody)]
        rows.append((method, path.format(other), bodies[0], path.format(nobody), bodies[1]))
    assert len(rows) > 40
    assert await compare(conn, mine, statements, rows) <= {200, 303, 404, 409, 422}


async def test_to_an_officer_of_another_county_it_is_not_there_either(conn, client_as, theirs, sound, statements):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    away = await client_as("officer-away", scope="440784")
    await away.get("/api/v1/firms")
    rows = list(rows_for("officer", theirs, sound, under="/api/v1/"))
    assert len(rows) > 30
    await compare(conn, away, statements, rows)
