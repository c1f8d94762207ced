"""Yearly figures over JSON: the firm drafts and signs, the bureau accepts or sends back; no official changes one."""

import pytest
from sqlalchemy import func, select, text

from app.audit.models import AuditEvent
from app.reports.models import Submission, SubmissionRound, YearlyReport
from tests import factories
from tests.web.test_reports import clerk

WHOLE = {
    "sales_revenue": "40000000",
    "main_business_revenue": "38000000.00",
    "total_income": "40000000",
    "high_tech_income": "30000000",
    "cost_and_expense": "36000000",
    "net_profit": "-125000",
    "total_assets": "50000000",
    "net_assets": "20000000",
    "equity_raised": "0",
    "headcount": 120,
    "rd_staff": 15,
    "rd_staff_full_time": 12,
    "conversions": 5,
    "rd": {
        **dict.fromkeys(("direct_input", "depreciation", "intangible_amortisation", "design"), "0"),
        **dict.fromkeys(("commissioning_testing", "outsourced_domestic", "outsourced_overseas", "other"), "0"),
        "personnel": "2500000",
    },
}


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


@pytest.fixture
def here(uscc):
    return f"/api/v1/firms/{uscc}/figures/2025"


@pytest.fixture
async def firm(conn, api_as, uscc):
    return await api_as(await clerk(conn, uscc))


async def put(client, here, figures, *, tag=None, **more):
    headers = {"if-match": tag} if tag else {}
    return await client.put(here, json={"figures": figures, **more}, headers=headers)


async def act(client, here, verb, **more):
    """Under the tag of what was just read."""
    return await client.post(f"{here}/{verb}", headers={"if-match": (await client.get(here)).headers["etag"]}, **more)


async def handed_in(firm, here):
    assert (await put(firm, here, WHOLE)).status_code == 201
    done = await act(firm, here, "submit")
    assert done.status_code == 200, done.text
    return done


async def test_a_draft_is_made_by_the_firm_and_reads_back_as_it_was_sent(firm, here, uscc):
    assert (await firm.get(here)).status_code == 404
    made = await put(firm, here, WHOLE, rows={"projects": [{"project.name": "节水阀芯", "project.spent": "600000"}]})
    assert made.status_code == 201
    body = made.json()
    assert (body["state"], body["round"], body["number"]) == ("draft", 0, None)
    assert body["figures"]["main_business_revenue"] == "38000000"
    assert body["figures"]["rd.personnel"] == "2500000"
    assert body["computed"]["rd.total"] == "2500000"
    assert body["rows"]["projects"] == [{"project.name": "节水阀芯", "project.spent": "600000"}]
    assert {f["code"] for f in body["faults"]} >= {"project.began.0"}
    again = await firm.get(here)
    assert again.headers["etag"] == made.headers["etag"]
    sent_back = await put(firm, here, body["figures"], tag=again.headers["etag"], rows=body["rows"])
    assert (sent_back.status_code, sent_back.json()) == (200, body)


async def test_what_is_left_out_is_empty_and_a_group_left_out_stays(firm, here):
    made = await put(firm, here, WHOLE, rows={"projects": [{"project.name": "节水阀芯"}]})
    kept = await put(firm, here, {"headcount": "118"}, tag=made.headers["etag"])
    assert kept.json()["figures"] == {"headcount": "118"}
    assert kept.json()["rows"]["projects"] == [{"project.name": "节水阀芯"}]
    gone = await put(firm, here, {}, tag=kept.headers["etag"], rows={"projects": []})
    assert gone.json()["rows"]["projects"] == []


async def test_a_second_writer_needs_the_tag_and_a_stale_one_is_412(firm, here, conn):
    tag = (await put(firm, here, {"headcount": 120})).headers["etag"]
    assert (await put(firm, here, {"headcount": 121})).status_code == 428
    assert (await put(firm, here, {"headcount": 122}, tag=tag)).status_code == 200
    late = await put(firm, here, {"headcount": 123}, tag=tag)
    assert (late.status_code, late.headers["content-type"]) == (412, "application/problem+json")
    assert (await put(firm, here, {"headcount": 123}, tag='"nonsense"')).status_code == 412
    assert (await firm.get(here)).json()["figures"] == {"headcount": "122"}


async def test_the_same_key_twice_is_one_draft_with_the_first_answer(firm, here, conn):
    headers = {"idempotency-key": "a1"}
    first = await firm.put(here, json={"figures": {"headcount": 120}}, headers=headers)
    second = await firm.put(here, json={"figures": {"headcount": 120}}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotent-replay"] == "true"
    assert second.headers["etag"] == first.headers["etag"]
    query = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "firm:report:filled")
    assert (await conn.execute(query)).scalar_one() == 1


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ({"turnover": "1"}, "turnover"),
        ({"rd": {"fun": "1"}}, "rd.fun"),
        ({"headcount": "12.5"}, "headcount"),
        ({"sales_revenue": "四千万"}, "sales_revenue"),
        ({"sales_revenue": "-1"}, "sales_revenue"),
        ({"rd.total": "1"}, "rd.total"),
        ({"projects": {"0": "x"}}, "projects.0"),
    ],
)
async def test_what_cannot_be_read_is_said_by_field_and_nothing_is_kept(firm, here, conn, figures, field):
    answer = await put(firm, here, {"rd_staff": 1, **figures})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert (await firm.get(here)).status_code == 404


async def test_rows_are_read_as_strictly(firm, here):
    answer = await put(firm, here, {}, rows={"projects": [{"project.began": "去年", "x": "1"}], "rd": [], "no": []})
    assert set(answer.json()["errors"]) == {"project.began.0", "x.0", "rd", "no"}
    many = await put(firm, here, {}, rows={"projects": [{"project.name": "x"}] * 41})
    assert many.json()["errors"] == {"projects": "最多 40 条。"}


@pytest.mark.parametrize("year", [2022, 2026])
async def test_a_year_nobody_asks_for_cannot_be_begun(firm, here, year):
    answer = await put(firm, here.replace("2025", str(year)), {"headcount": 1})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["year"])


async def test_the_signatory_hands_in_once_and_what_is_missing_is_listed(firm, here, conn, api_as, uscc):
    await put(firm, here, {**WHOLE, "rd_staff": 121})
    refused = await act(firm, here, "submit")
    assert refused.status_code == 409
    assert "科技人员：科技人员不能多于职工总数。" in refused.json()["reasons"]
    await put(firm, here, WHOLE, tag=(await firm.get(here)).headers["etag"])
    junior = await api_as(await clerk(conn, uscc, "firm-lin", signatory=False))
    assert (await act(junior, here, "submit")).status_code == 409
    assert (await firm.post(f"{here}/submit")).status_code == 428
    assert (await firm.post(f"{here}/submit", headers={"if-match": '"0.0.1"'})).status_code == 412
    done = [await act(firm, here, "submit") for _ in range(2)]
    assert [(d.status_code, d.json()["number"]) for d in done] == [(200, f"2025-{uscc}-01")] * 2
    assert (await conn.execute(select(func.count()).select_from(SubmissionRound))).scalar_one() == 1
    closed = await put(firm, here, WHOLE, tag=done[0].headers["etag"])
    assert closed.status_code == 409


@pytest.mark.parametrize("role", ["town", "officer", "manager", "admin", "auditor", "carrier"])
async def test_no_official_writes_or_signs_a_figure(firm, here, api_as, conn, role):
    await handed_in(firm, here)
    official = await api_as(role)
    tag = (await firm.get(here)).headers["etag"]
    assert (await put(official, here, {"headcount": 1}, tag=tag)).status_code == 403
    assert (await official.post(f"{here}/submit")).status_code == 403
    assert (await conn.execute(select(SubmissionRound.figures))).scalar_one()["headcount"] == "120"


async def test_a_draft_is_nobody_elses_to_read(firm, here, api_as, conn):
    await put(firm, here, WHOLE)
    officer = await api_as("officer")
    assert (await officer.get(here)).status_code == 404
    assert (await officer.post(f"{here}/accept")).status_code == 404
    stranger = await api_as(await clerk(conn, await factories.firm(conn), "firm-other"))
    for answer in (await stranger.get(here), await put(stranger, here, WHOLE), await stranger.post(f"{here}/submit")):
        assert answer.status_code == 404
        assert "40000000" not in answer.text


async def test_a_return_opens_what_was_asked_and_nothing_else_changes(firm, here, api_as):
    await handed_in(firm, here)
    officer = await api_as("officer")
    comments = {"comments": {"rd.personnel": "与辅助账不符"}}
    assert (await officer.post(f"{here}/return", json=comments)).status_code == 428
    back = await act(officer, here, "return", json=comments)
    assert (back.status_code, back.json()["state"]) == (200, "returned")
    body = await firm.get(here)
    assert (body.json()["comments"], body.json()["open"]) == ({"rd.personnel": "与辅助账不符"}, ["rd.personnel"])
    tag = body.headers["etag"]
    wrong = await put(firm, here, {"rd": {"personnel": "2600000"}, "headcount": 119}, tag=tag)
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["headcount"])
    right = await put(firm, here, {"rd": {"personnel": "2600000"}, "headcount": "120 人"}, tag=tag)
    assert (right.status_code, right.json()["figures"]["headcount"]) == (200, "120")
    # What the bureau reads is what was signed, until it is signed anew.
    assert (await officer.get(here)).json()["figures"]["rd.personnel"] == "2500000"
    assert (await act(firm, here, "submit")).json()["round"] == 2
    accepted = await act(officer, here, "accept")
    assert (accepted.json()["state"], accepted.json()["figures"]["rd.personnel"]) == ("accepted", "2600000")


@pytest.mark.parametrize("comments", [{}, {"rd.personnel": "  "}, {"nowhere": "x"}, {"rd.total": "x"}])
async def test_a_return_says_what_about_something_that_was_asked(firm, here, api_as, comments):
    await handed_in(firm, here)
    officer = await api_as("officer")
    assert (await act(officer, here, "return", json={"comments": comments})).status_code == 422


async def test_accepted_once_under_the_tag_that_was_read(firm, here, api_as, conn):
    await handed_in(firm, here)
    officer = await api_as("officer")
    assert (await officer.post(f"{here}/accept", headers={"if-match": '"0.0.4"'})).status_code == 412
    tag = (await officer.get(here)).headers["etag"]
    keyed = {"if-match": tag, "idempotency-key": "k"}
    answers = [await officer.post(f"{here}/accept", headers=keyed) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert (await officer.post(f"{here}/accept")).status_code == 428
    assert (await act(officer, here, "accept")).status_code == 409
    assert (await conn.execute(select(YearlyReport.figures))).scalar_one()["rd.personnel"] == "2500000"


async def test_figures_that_came_another_way_are_read_too(conn, api_as):
    uscc = await factories.reporting_firm(conn)
    body = (await (await api_as("officer")).get(f"/api/v1/firms/{uscc}/figures/2024")).json()
    assert (body["state"], body["form"], body["figures"]["headcount"]) == ("accepted", None, "120")


async def test_a_page_saved_meanwhile_makes_the_tag_an_old_one(firm, here, conn, client_as, uscc):
    tag = (await put(firm, here, WHOLE)).headers["etag"]
    version = text("UPDATE submission_sections SET version = version + 1 WHERE section = 'people'")
    await conn.execute(version)
    assert (await put(firm, here, WHOLE, tag=tag)).status_code == 412
    assert (await conn.execute(select(func.count()).select_from(Submission))).scalar_one() == 1
