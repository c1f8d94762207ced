"""What is another county's, town's or operator's is not there: every route that names a thing, page and API, for every
role that may call it. What the address names is there, in the demo county; whoever asks has no part in it."""

import re
from datetime import date

import httpx

from app.access.terms import Role
from app.db import new_id
from app.filings.applying import list_firms
from tests import factories, houses
from tests.demo_things import TABLES, any_in, bodies_of, things_in
from tests.harness import NOON, SiteDatabase
from tests.house.access_lines import GUARDED, Line
from tests.rules.test_sniffing import PDF

# Everybody's of that role, wherever they are: public notices, rules, what runs the house.
EVERYBODYS = {
    "window_id", "version_id", "rule_id", "code", "plan", "indicator", "outlet_id", "week", "key", "role", "year",
    "tier", "form", "section", "kind", "number", "place", "act", "answer", "reference", "nth", "step",
}  # fmt: skip
# Accounts and letters are the house's: who runs it handles all of them.
OF_HOUSE = {"user_id", "message_id"}
# Every firm of the county may apply to every carrier in it.
OPEN = {"/portal/entries/to/{carrier_id}", "/api/v1/carriers/{carrier_id}/entries"}
# What the demo and `filled_up` leave out: of these nothing but what is absent is asked for.
NONE_THERE = {"outlets", "plan_snapshots", "carrier_duties", "stay_disagreements"}
SECRETS = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}|[0-9A-Z]{18}")


async def away(conn, role: str) -> factories.Person:
    """Somebody of the role whose division, firm or carrier is another one, with nothing in it."""
    if role == "firm":
        uscc = await factories.firm(conn, "开平市别处机械有限公司")
        return await factories.person(conn, "firm-away", firm_id=await factories.id_of(conn, uscc))
    if role == "carrier":
        return await houses.operator(conn, await houses.carrier(conn, "别处孵化器"), "carrier-away")
    # Another town of the same county: more is near than of another county.
    return await factories.person(conn, f"{role}-away", scope="440783999" if role == "town" else "440784")


async def filled_up(conn, officer: httpx.AsyncClient, bodies) -> None:
    """What the demo has none of, made as an officer makes it."""
    keep, gone = [await factories.firm(conn) for _ in range(2)]
    window = await factories.window(conn, "hnte", 2027, 1, firm_due=date(2027, 6, 25))
    officers = (await factories.person(conn, "officer")).actor
    await factories.plan(conn, keep)
    await list_firms(conn, window, [keep], by=officers, at=NOON)
    paper = {"files": {"file": ("a.pdf", PDF)}}
    here = await things_in(conn, "{visit_id}")
    roster = f"企业名称,统一社会信用代码\n开平市新来机械有限公司,{factories.code()}".encode()
    for path, how in (
        ("/views", {"json": bodies["POST", "/api/v1/views"] | {"shared": False}}),
        ("/bulk", {"json": {"kind": "tag_add", "tag": "重点", "usccs": [keep]}}),
        (
            f"/windows/{window}/results",
            {"json": bodies["POST", "/api/v1/windows/{window_id}/results"] | {"announced_on": "2026-11-20"}},
        ),
        ("/imports", {"files": {"file": ("a.csv", roster)}}),
        (f"/firms/{here['uscc']}/visits/{here['visit_id']}/files", paper),
        (f"/firms/{keep}/merge", {"json": {"gone": gone, "version": 1, "gone_version": 1}}),
    ):
        made = await officer.post(f"/api/v1{path}", **how)
        assert made.status_code < 300, (path, made.text)


async def test_what_is_anothers_is_not_there_by_any_route(app, county, cluster):
    bodies, wrong, asked = bodies_of(app), [], 0
    app.state.database = SiteDatabase(county, cluster.name("web"))

    async def visitor(person: factories.Person) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {await factories.token_of(county, person)}", "if-match": '"1"'}
        transport = httpx.ASGITransport(app=app)
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)

    async with await visitor(await factories.person(county, "officer")) as officer:
        await filled_up(county, officer, bodies)
    assert {table for table in TABLES if not await any_in(county, table)} <= NONE_THERE
    for role in Role:
        async with await visitor(await away(county, role.value)) as client:
            for line in GUARDED:
                names = set(re.findall(r"{(\w+)}", line.path)) - EVERYBODYS
                names -= OF_HOUSE if role is Role.ADMIN else set()
                if role.value not in line.roles or not names or line.path in OPEN:
                    continue
                asked += 1
                theirs = await things_in(county, line.path)
                found = await answered(county, client, line, theirs, bodies)
                if found.status_code == 404:
                    continue
                nobody = theirs | {n: factories.code(99_999_998) if n == "uscc" else str(new_id()) for n in names}
                absent = await answered(county, client, line, nobody, bodies)
                same = {SECRETS.sub("", one.text) for one in (found, absent)}
                if found.status_code != absent.status_code or len(same) > 1:
                    wrong.append((role, line.method, line.path, found.status_code, absent.status_code))
    assert asked > 600
    assert not wrong, "\n".join(map(str, wrong))


async def answered(conn, client: httpx.AsyncClient, line: Line, given: dict[str, str], bodies) -> httpx.Response:
    body = bodies.get((line.method, line.path), {})
    how = {} if line.method in ("GET", "DELETE") else {"json" if "/api/" in line.path else "data": body}
    trial = await conn.begin_nested()
    found = await client.request(line.method, line.path.format(**given), **how)
    await trial.rollback()
    return found
