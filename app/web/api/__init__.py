"""The JSON API, version 1."""

from fastapi import APIRouter

from app.web.api import (
    applications,
    assessments,
    audit,
    board,
    carrier_logs,
    carriers,
    certificates,
    claims,
    digests,
    figures,
    filings,
    firms,
    follows,
    handovers,
    letting,
    merges,
    moves,
    notices,
    outbox,
    plans,
    reminders,
    results,
    tenancies,
    today,
    views,
    work,
)

router = APIRouter(prefix="/api/v1")
for part in (
    firms,
    certificates,
    claims,
    figures,
    assessments,
    moves,
    board,
    audit,
    outbox,
    filings,
    applications,
    results,
    reminders,
    notices,
    today,
    work,
    follows,
    merges,
    handovers,
    plans,
    digests,
    carrier_logs,
    carriers,
    letting,
    tenancies,
    views,
):
    router.include_router(part.router)
router.include_router(filings.feed)
