"""What monitoring sees, and that it sees nothing else."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert, text

from app.db import Conn, Database, new_id
from app.outbox import runs
from app.outbox.models import OutboxMessage
from tests.harness import SettableClock


async def beat(conn: Conn, clock: SettableClock) -> None:
    await conn.execute(text("INSERT INTO heartbeats (name, at) VALUES ('worker', :at)"), {"at": clock.now()})


async def test_a_living_process_says_so_without_asking_the_database(anonymous: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.database = Database("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    answer = await anonymous.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_the_house_is_ready_while_the_worker_beats(
    anonymous: httpx.AsyncClient, conn: Conn, clock: SettableClock
) -> None:
    await beat(conn, clock)
    clock.advance(seconds=60)
    answer = await anonymous.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": True, "migrations": True, "worker": True}


@pytest.mark.parametrize("ever", [True, False])
async def test_a_worker_that_fell_silent_makes_the_house_unready(
    anonymous: httpx.AsyncClient, conn: Conn, clock: SettableClock, ever: bool
) -> None:
    if ever:
        await beat(conn, clock)
        clock.advance(seconds=61)
    answer = await anonymous.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "database": True, "migrations": True, "worker": False}


@pytest.mark.parametrize("change", ["UPDATE alembic_version SET version_num = 'older'", "DROP TABLE alembic_version"])
async def test_a_schema_that_is_not_this_releases_makes_it_unready(
    anonymous: httpx.AsyncClient, conn: Conn, clock: SettableClock, change: str
) -> None:
    await beat(conn, clock)
    await conn.execute(text(change))
    answer = await anonymous.get("/health/ready")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["migrations"]) == (True, False)


async def test_a_database_that_is_away_is_said_without_its_address(anonymous: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.database = Database("postgresql://geheim:geheim@127.0.0.1:1/geheim", pool_size=1)
    answer = await anonymous.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "database": False, "migrations": False, "worker": False}


async def test_metrics_count_answers_and_carry_no_data(anonymous: httpx.AsyncClient) -> None:
    await anonymous.get("/health/live")
    answer = await anonymous.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert any(line.startswith('tidu_http_requests_total{status="2xx"} ') for line in lines)
    assert {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")} == {
        "tidu_http_requests_total",
        "tidu_http_request_seconds_bucket",
        "tidu_http_request_seconds_sum",
        "tidu_http_request_seconds_count",
        "tidu_database_up",
        "tidu_outbox_messages",
    }


async def test_metrics_say_how_long_ago_the_worker_and_each_job_were_heard_of_and_what_waits(
    anonymous: httpx.AsyncClient, conn: Conn, clock: SettableClock
) -> None:
    await runs.beat(conn, "worker", at=clock.now() - timedelta(seconds=7))
    await runs.mark(conn, "reminders", at=clock.now() - timedelta(minutes=40))
    message = {"id": new_id(), "dedup_key": "x", "kind": "reminder", "channel": "email", "payload": {}, "state": "dead"}
    await conn.execute(insert(OutboxMessage).values(**message, next_attempt_at=clock.now(), created_at=clock.now()))
    lines = (await anonymous.get("/metrics")).text.splitlines()
    assert 'tidu_heartbeat_age_seconds{of="worker"} 7' in lines
    assert 'tidu_job_last_run_age_seconds{job="reminders"} 2400' in lines
    assert 'tidu_outbox_messages{state="dead"} 1' in lines
    assert "tidu_database_up 1" in lines
