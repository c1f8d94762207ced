"""The firms' own pages: one firm, which is the account's; a narrow column, one thing at a time."""

from app.web.portal import (
    collections,
    copying,
    entries,
    evidence,
    home,
    joining,
    people,
    report,
    section,
    titles,
    workbook,
)

# Fixed addresses below /portal/report/{year} come before /portal/report/{year}/{section}.
_PARTS = (home, entries, people, joining, copying, evidence, workbook, report, section, titles, collections)
ROUTERS = tuple(part.router for part in _PARTS)
