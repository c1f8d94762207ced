"""Titles over JSON: the firm lays open, changes, takes back and hangs evidence; an officer verifies what was read."""

import pytest
from sqlalchemy import func, select

from app.recognitions.models import Certificate, IpRightRow, TitleClaim
from tests import factories
from tests.rules.test_sniffing import PDF
from tests.web.test_reports import clerk

RIGHT = {
    "kind": "utility_model",
    "name": "节水阀芯",
    "number": "zl2024 20123456.7",
    "granted_on": "2024-05-01",
    "obtained_by": "self_developed",
    "in_force": True,
}
CERTIFICATE = {"kind": "hnte", "number": "GR202444001234", "issued_on": "2024-11-28"}


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


@pytest.fixture
async def firm(conn, api_as, uscc):
    return await api_as(await clerk(conn, uscc))


async def laid_open(client, uscc, what="ip_right", title=RIGHT, **more):
    body = {"what": what, "title": title, **more.pop("body", {})}
    return await client.post(f"/api/v1/firms/{uscc}/claims", json=body, **more)


def seen(answer):
    return {"if-match": answer.headers["etag"]}


async def count(conn, model):
    return (await conn.execute(select(func.count()).select_from(model))).scalar_one()


async def test_a_right_is_laid_open_once_mended_evidenced_and_verified_as_it_was_read(conn, api_as, firm, uscc):
    key = {"idempotency-key": "one"}
    made, again = [await laid_open(firm, uscc, headers=key) for _ in range(2)]
    assert (made.status_code, again.headers["idempotent-replay"]) == (201, "true")
    assert (made.json()["title"]["number"], made.json()["state"], made.json()["version"]) == (
        "ZL202420123456.7",
        "waiting",
        1,
    )
    assert (await laid_open(firm, uscc)).status_code == 409
    here = made.headers["location"]
    mended = {"title": RIGHT | {"name": "陶瓷阀芯"}, "words": "名称更正"}
    assert (await firm.put(here, json=mended)).status_code == 428
    changed = await firm.put(here, json=mended, headers=seen(made))
    assert (changed.json()["title"]["name"], changed.headers["etag"]) == ("陶瓷阀芯", '"2"')
    assert (await firm.put(here, json=mended, headers=seen(made))).status_code == 412
    # The same key with another file of the same name and size is another request.
    sent = await firm.post(f"{here}/files", files={"file": ("证书.pdf", PDF)}, headers={"idempotency-key": "f"})
    assert (sent.status_code, [f["name"] for f in sent.json()["files"]]) == (201, ["证书.pdf"])
    twice = await firm.post(f"{here}/files", files={"file": ("证书.pdf", PDF)}, headers={"idempotency-key": "f"})
    assert twice.headers["idempotent-replay"] == "true"
    other = PDF.replace(b"endobj", b"ENDOBJ", 1)
    reused = await firm.post(f"{here}/files", files={"file": ("证书.pdf", other)}, headers={"idempotency-key": "f"})
    assert (reused.status_code, "幂等键" in reused.text) == (422, True)
    assert (await firm.post(f"{here}/files", files={"file": ("a.svg", b"<svg/>")})).json()["errors"].keys() == {"file"}
    assert (await firm.post(f"{here}/files")).status_code == 422
    officer = await api_as("officer")
    queue = (await officer.get("/api/v1/claims")).json()["items"]
    assert [(c["id"], c["papers"]) for c in queue] == [(made.json()["id"], 1)]
    read = await officer.get(here)
    # While the officer reads, the evidence is swapped.
    paper = sent.json()["files"][0]
    assert (await firm.get(f"/files/{paper['id']}")).content == PDF
    assert (await firm.delete(f"{here}/files/{paper['id']}")).json()["files"] == []
    await firm.post(f"{here}/files", files={"file": ("另一份.pdf", other)})
    assert (await officer.post(f"{here}/accept")).status_code == 428
    assert (await officer.post(f"{here}/accept", headers=seen(read))).status_code == 412
    assert await count(conn, IpRightRow) == 0
    read = await officer.get(here)
    done = await officer.post(f"{here}/accept", headers=seen(read))
    assert (done.json()["state"], done.json()["files"][0]["verified"]) == ("accepted", True)
    kept = (await firm.get(here)).json()["files"][0]
    assert kept["removable"] is False
    assert (await firm.delete(f"{here}/files/{kept['id']}")).status_code == 409
    rights = (await firm.get(f"/api/v1/firms/{uscc}/rights")).json()["items"]
    assert [(r["id"], r["name"], r["free"], r["papers"]) for r in rights] == [(made.json()["id"], "陶瓷阀芯", True, 1)]


async def test_more_evidence_of_what_the_ledger_has_is_verified_too_and_changes_nothing_there(conn, api_as, firm, uscc):
    officer = await api_as("officer")
    held = (await officer.post(f"/api/v1/firms/{uscc}/certificates", json=CERTIFICATE)).json()["id"]
    both = {"of": held}
    assert (await laid_open(firm, uscc, "certificate", CERTIFICATE, body=both)).json()["errors"].keys() == {"title"}
    for other in ("ip_right", "certificate"):
        strange = {"of": held if other == "ip_right" else "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a", "title": None}
        assert (await laid_open(firm, uscc, other, body=strange)).status_code == 404
    made = await laid_open(firm, uscc, "certificate", None, body=both)
    assert (made.status_code, made.json()["papers_only"], made.json()["of"]) == (201, True, held)
    here = made.headers["location"]
    sent = await firm.post(f"{here}/files", files={"file": ("证书.pdf", PDF)})
    assert sent.json()["files"][0]["verified"] is False
    read = await officer.get(here)
    blank = await officer.post(f"{here}/refuse", json={"reason": " "}, headers=seen(read))
    assert (blank.status_code, blank.json()["errors"].keys()) == (422, {"reason"})
    refused = await officer.post(f"{here}/refuse", json={"reason": "看不清"}, headers=seen(read))
    assert (refused.json()["state"], refused.json()["reason"]) == ("refused", "看不清")
    assert (await firm.post(f"{here}/withdraw", headers=seen(refused))).status_code == 409
    assert await count(conn, Certificate) == 1
    for number in ("1", "2"):
        await laid_open(firm, uscc, title=RIGHT | {"number": number})
    found, cursor = [], ""
    while True:
        page = (await firm.get(f"/api/v1/firms/{uscc}/claims?limit=2&cursor={cursor}")).json()
        found += [c["title"]["number"] for c in page["items"]]
        if not (cursor := page["next"]):
            break
    assert sorted(found) == ["1", "2", "GR202444001234"]
    # The longest waiting first, page by page.
    first = (await officer.get("/api/v1/claims?limit=1")).json()
    second = (await officer.get(f"/api/v1/claims?limit=1&cursor={first['next']}")).json()
    assert [p["items"][0]["title"]["number"] for p in (first, second)] == ["1", "2"]
    assert second["next"] is None
    last = f"/api/v1/claims/{second['items'][0]['id']}"
    gone = await firm.post(f"{last}/withdraw", headers={"if-match": '"1"'})
    assert gone.json()["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("what", "title", "fields"),
    [
        ("patent", RIGHT, {"what"}),
        ("ip_right", None, {"title"}),
        ("ip_right", {"kind": "trademark", "number": " "}, {"title.kind", "title.number", "title.name"}),
        ("ip_right", RIGHT | {"granted_on": "2026-11-24", "in_force": None}, {"title.granted_on", "title.in_force"}),
        ("ip_right", RIGHT | {"used_in_hnte_year": 2015}, {"title.used_in_hnte_year"}),
        ("certificate", CERTIFICATE | {"number": "x", "issued_on": ""}, {"title.number", "title.issued_on"}),
    ],
)
async def test_what_cannot_be_taken_is_said_by_field(conn, firm, uscc, what, title, fields):
    answer = await laid_open(firm, uscc, what, title)
    assert answer.status_code == 422
    assert fields <= answer.json()["errors"].keys()
    assert await count(conn, TitleClaim) == 0
