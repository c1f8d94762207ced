"""A firm's facts out of the tables, for one firm or many at once: one statement, however many.

Known and none are told apart here. The bureau's own ledger of certificates is complete, so no row means none. Rights
are the firm's to report: as long as it has reported nothing at all, nothing is known of them.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.clock import business_day
from app.db import Conn
from app.policy.facts import CertificateFact, Dated, Facts, IpRight
from app.policy.figures import EVENTS, FLAGS, IpKind, ObtainedBy
from app.reports.terms import COUNTED, ReportState, StatementKind
from app.statements import Kept

Values = dict[str, Any]

_REGISTERED = (
    *("name", "uscc", "registered_on", "region_code", "status", "industry_code", "high_tech_field", "size_class"),
    "above_designated_size",
)
_COUNTED = ", ".join(f"'{state.value}'" for state in COUNTED)
_SELECT = f"""
SELECT f.id, {", ".join(f"f.{name}" for name in _REGISTERED)},
  (SELECT json_agg(json_build_array(kind, number, issued_on, expires_on, revoked_on))
     FROM certificates WHERE firm_id = f.id) AS certificates,
  (SELECT json_agg(json_build_array(year, figures, state, source, submitted_at))
     FROM (SELECT DISTINCT ON (year) year, figures, state, source, submitted_at FROM yearly_reports
           WHERE firm_id = f.id AND state IN ({_COUNTED}) ORDER BY year, version DESC) AS latest) AS reports,
  (SELECT json_agg(json_build_array(kind, in_force, obtained_by, granted_on, used_in_hnte_year) ORDER BY kind, number)
     FROM ip_rights WHERE firm_id = f.id) AS rights,
  (SELECT json_agg(json_build_array(kind, body, true_on, source))
     FROM firm_statements WHERE firm_id = f.id) AS stated,
  least((SELECT min(incubating_since) FROM tenancies WHERE firm_id = f.id AND ended_on IS NULL),
        (SELECT min(t.incubating_since) FROM carrier_teams m JOIN tenancies t ON t.team_id = m.id
           WHERE m.firm_id = f.id AND t.ended_on IS NULL)) AS tenant_since"""  # noqa: S608 - names and states of our own
_FROM = "FROM firms f WHERE f.id = ANY(:ids)"
# Beside the facts, the firm's open plans by title.
_PLANS = "(SELECT json_object_agg(policy, id) FROM firm_plans WHERE firm_id = f.id AND state = 'open') AS plans"
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_FACTS = Kept(text(f"{_SELECT} {_FROM}").bindparams(_IDS))
_FACTS_AND_PLANS = Kept(text(f"{_SELECT}, {_PLANS} {_FROM}").bindparams(_IDS))


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a group of facts comes from and the day on which it was true."""

    source: str
    true_on: date | None = None
    state: ReportState | None = None


@dataclass(frozen=True)
class Gathered:
    """A firm's row; what it says is worked out when somebody asks."""

    row: Any

    @cached_property
    def facts(self) -> Facts:
        return _facts(self.row)

    @cached_property
    def _provenance(self) -> Mapping[str, Provenance]:
        """By the beginning of the path: `years.2025`, `records`, `certificates`; worked out when somebody asks."""
        return _sources(self.row)

    @property
    def key(self) -> bytes:
        """All that the facts and where they come from are made of: with the same key they are the same."""
        return orjson.dumps(tuple(self.row), default=str)

    def source_of(self, path: str) -> Provenance:
        steps = path.split(".")
        found = self._provenance.get(".".join(steps[:2])) or self._provenance.get(steps[0])
        return found or self._provenance[""]


async def gather_with_plans(conn: Conn, firm_id: uuid.UUID) -> tuple[Gathered, Mapping[str, str]]:
    """One firm's facts, and the ids of its open plans by policy."""
    row = (await conn.execute(_FACTS_AND_PLANS, {"ids": [firm_id]})).one()
    return Gathered(row), row.plans or {}


async def gather(conn: Conn, firm_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Gathered]:
    """By firm, in the order asked for; a firm that is not there is left out."""
    found = {row.id: Gathered(row) for row in await conn.execute(_FACTS, {"ids": list(firm_ids)})}
    return {firm_id: found[firm_id] for firm_id in firm_ids if firm_id in found}


_REGISTRY = Provenance("企业库")
_LEDGER = Provenance("证书台账")
_RIGHTS_LEDGER = Provenance("知识产权台账")
_TENANCIES = Provenance("载体租约台账")


def _facts(row: Any) -> Facts:
    values = {name: value for name, value in zip(_REGISTERED, row[1:], strict=False) if value is not None}
    values["certificates"] = tuple(
        CertificateFact(kind, number, date.fromisoformat(issued), date.fromisoformat(expires), _day(revoked))
        for kind, number, issued, expires, revoked in row.certificates or ()
    )
    for year, figures, _, _, _ in row.reports or ():
        prefix = f"years.{year}."
        values.update(zip([prefix + code for code in figures], map(Decimal, figures.values()), strict=True))
    if row.rights or row.reports:
        values["ip_rights"] = tuple(
            IpRight(IpKind(kind), in_force, ObtainedBy(way) if way else None, _day(granted), used)
            for kind, in_force, way, granted, used in row.rights or ()
        )
    for kind, body, _, _ in row.stated or ():
        values.update(_stated(StatementKind(kind), body))
    if row.tenant_since:  # an operator's list comes before what the firm says of itself
        values["carrier_tenant_since"] = row.tenant_since
    return Facts(values)


def _sources(row: Any) -> Mapping[str, Provenance]:
    sources = {"": _REGISTRY, "certificates": _LEDGER}
    for year, _, state, source, submitted in row.reports or ():
        on = business_day(datetime.fromisoformat(submitted)) if submitted else None
        sources[f"years.{year}"] = Provenance(source or "企业填报", on, ReportState(state))
    if row.rights or row.reports:
        sources["ip_rights"] = _RIGHTS_LEDGER
    for kind, body, true_on, source in row.stated or ():
        stated = _stated(StatementKind(kind), body)
        told = Provenance(source, date.fromisoformat(true_on))
        sources.update({kind: told} | {path: told for path in stated if "." not in path})
    if row.tenant_since:
        sources["carrier_tenant_since"] = _TENANCIES
    return sources


_RECORDS = "records."
_FLAGS_ON_RECORD = {path.removeprefix(_RECORDS): path for path in FLAGS if path.startswith(_RECORDS)}
_EVENTS_ON_RECORD = {path.removeprefix(_RECORDS): path for path in EVENTS}


def _stated(kind: StatementKind, body: Any) -> Values:
    """A statement's body as facts; it was checked when it was written."""
    if kind is StatementKind.JUDGEMENTS:
        return {f"judgements.{key}": points for key, points in body.items()}
    if kind is StatementKind.RECORDS:
        flags = {_FLAGS_ON_RECORD[key]: flag for key, flag in body.items() if key in _FLAGS_ON_RECORD}
        events = {_EVENTS_ON_RECORD[key]: _day(on) for key, on in body.items() if key in _EVENTS_ON_RECORD}
        return {**flags, **events}
    if kind is StatementKind.STANDING:
        flags = {path: flag for path, flag in body.items() if path in FLAGS}
        tenant = {"carrier_tenant_since": _day(body["carrier_tenant_since"])} if "carrier_tenant_since" in body else {}
        return {**flags, **tenant}
    return {kind.value: tuple(Dated(one["level"], _day(one.get("on")), one.get("rank")) for one in body)}


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
