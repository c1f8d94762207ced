"""Digests over JSON: the archive, a week as known then and now, and whose they are."""

from datetime import timedelta

from app.digests.composing import value_of
from app.digests.service import keep
from tests import factories
from tests.domains.test_digests import COUNTY, MONDAY, OTHER, TOWN, WEEK, county


async def test_a_kept_week_is_answered_as_it_was_with_its_tag(conn, clock, client_as):
    await county(conn)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    clock.at = MONDAY + timedelta(days=3)
    await factories.move(conn, await factories.firm(conn), "tech_micro", at=clock.at, on=WEEK.sunday)
    client = await client_as("manager")
    found = await client.get("/api/v1/digests/2026-W47")
    body = found.json()
    assert found.headers["etag"] == f'"{digest.sha256[:32]}"'
    assert (body["kept"], body["sha256"], body["afterwards"]) == (True, digest.sha256, False)
    assert body["sections"] == digest.document["sections"]
    assert body["corrections_since"]["value"] == 1
    now = (await client.get("/api/v1/digests/2026-W47?known=now")).json()
    assert (now["kept"], value_of(now, "moved-in")) == (False, 1)
    listed = (await client.get("/api/v1/digests")).json()
    assert [(one["week"], one["moved_up"]) for one in listed["items"]] == [("2026-W47", 1)]


async def test_the_archive_goes_on_where_it_left_off(conn, client_as):
    for weeks in range(3):
        await keep(conn, WEEK.shifted(-weeks), COUNTY, at=MONDAY - timedelta(days=7 * weeks))
    client = await client_as("officer")
    first = (await client.get("/api/v1/digests?limit=2")).json()
    second = (await client.get(f"/api/v1/digests?limit=2&cursor={first['next']}")).json()
    assert [one["week"] for one in (*first["items"], *second["items"])] == ["2026-W47", "2026-W46", "2026-W45"]
    assert second["next"] is None
    assert (await client.get("/api/v1/digests?cursor=x")).status_code == 422


async def test_a_town_sees_its_own_and_nothing_else(conn, client_as):
    for scope in (COUNTY, TOWN, OTHER):
        await keep(conn, WEEK, scope, at=MONDAY)
    client = await client_as("town")
    assert [one["scope"] for one in (await client.get("/api/v1/digests")).json()["items"]] == [TOWN]
    assert (await client.get("/api/v1/digests/2026-W47")).json()["scope"] == TOWN
    for scope in (COUNTY, OTHER):
        assert (await client.get(f"/api/v1/digests/2026-W47?scope={scope}")).status_code == 404


async def test_what_is_no_week_or_has_not_begun_is_not_found(client_as):
    client = await client_as("manager")
    for week in ("2026-47", "2026-W60", "2026-W50", "x"):
        assert (await client.get(f"/api/v1/digests/{week}")).status_code == 404
