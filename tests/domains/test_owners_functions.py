"""What the policies call runs as the tables' owner, for whoever asks: it must not run anything of the asker's."""

from sqlalchemy import text

from app.db import Database
from app.looking import SITE_PATH

_GIVEN = {"uuid": "gen_random_uuid()", "text": "'4407'", "boolean": "false"}
_OWNERS = text(
    "SELECT proname, array(SELECT format_type(t, NULL) FROM unnest(proargtypes) t) AS types FROM pg_proc "
    "WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY proname"
)
_TRAP = """
CREATE FUNCTION pg_temp.trap(given pg_catalog.text) RETURNS boolean LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$
"""


async def test_no_type_of_the_askers_own_runs_as_the_owner(cluster, worker_url):
    house = Database(cluster.url_as("web", worker_url), pool_size=1, path=SITE_PATH)
    try:
        async with house.rehearsal() as conn:
            functions = (await conn.execute(_OWNERS)).all()
            assert {"look_as", "sees_firm", "sees_carrier"} <= {one.proname for one in functions}
            await conn.execute(text("SET LOCAL tidu.since = '4407'"))
            await conn.execute(text("SET LOCAL tidu.until = '4408'"))
            await conn.execute(text(_TRAP))
            for name in ("text", "uuid"):
                trapped = f"CHECK (pg_temp.trap(VALUE::pg_catalog.{name}::pg_catalog.text))"
                await conn.execute(text(f"CREATE DOMAIN pg_temp.{name} AS pg_catalog.{name} {trapped}"))
            for one in functions:
                given = ", ".join(_GIVEN[kind] for kind in one.types)
                await conn.execute(text(f"SELECT public.{one.proname}({given})"))
    finally:
        await house.dispose()
