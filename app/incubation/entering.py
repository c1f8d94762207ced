"""入孵: the conditions are asked of the policy for the first day inside, and what it said is kept with the tenancy.

Whether a firm of the data is one that may be incubated is said, never guessed: where it is not, a person's ground
decides (国科发区〔2018〕300号 第八条), or it comes in as a plain tenant.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.access.terms import Actor, Permission, Role
from app.assessments.gathering import Gathered, gather
from app.carriers.clocks import goes_on
from app.carriers.letting import admit
from app.carriers.proposing import confirm
from app.carriers.stay_terms import Lease
from app.carriers.terms import Carrier, CarrierKind
from app.clock import business_day
from app.db import Conn
from app.errors import Refused
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.incubation.graduating import ground_of, sentences
from app.policy.facts import Facts
from app.policy.policies import Policies
from app.policy.terms import Assessment, Outcome

POLICY = "incubation_entry"


async def conditions(
    conn: Conn, kind: CarrierKind, firm_id: uuid.UUID, *, policies: Policies, since: date
) -> Assessment | None:
    """Of incubators, whose they are; no other kind of carrier is asked by them. As of the day on which it would
    come in. Who is in no carrier yet would come in on that day, and cannot be registered inside before: that is for a
    person to look at."""
    return (await conditions_each(conn, [(kind, firm_id, since)], policies=policies))[0]


async def conditions_each(
    conn: Conn, asked: Sequence[tuple[CarrierKind, uuid.UUID, date]], *, policies: Policies
) -> list[Assessment | None]:
    """In the order asked for, after one look at all the firms."""
    wanted = {firm_id for kind, firm_id, _ in asked if kind is CarrierKind.INCUBATOR}
    gathered = await gather(conn, list(wanted)) if wanted else {}
    return [
        _assessed(gathered.get(firm_id), policies, since) if kind is CarrierKind.INCUBATOR else None
        for kind, firm_id, since in asked
    ]


def _assessed(found: Gathered | None, policies: Policies, since: date) -> Assessment | None:
    if found is None:
        return None
    values = dict(found.facts.values)
    if values.get("carrier_tenant_since") is None:
        values |= {"carrier_tenant_since": None}
        values.pop("registered_in_carrier", None)
    return policies.assess(POLICY, Facts(values), as_of=since)


def kept(found: Assessment, stated: str = "") -> Mapping[str, Any]:
    """With which conditions are not met, and none of the firm's figures."""
    return {**ground_of(found, stated), "lacking": sentences(found, figures=False)}


def must_suit(found: Assessment, ground: str, who: str, *, by: Actor) -> None:
    """Raises Refused with the conditions missed while nobody says on what ground it is let in all the same."""
    if found.outcome is Outcome.NOT_MET and not ground:
        figures = by.viewer.may(Permission.ASSESSMENT_READ)
        said = f"{who} 不符合在孵企业的条件；请写明依据，或者不作为在孵企业办理。"
        if by.viewer.role is Role.FIRM:
            said = "贵企业不符合在孵企业的条件；请与载体商量不作为在孵企业入驻，或请主管部门核对后写明依据。"
        raise Refused(said, reasons=sentences(found, figures=figures))


async def suited(
    conn: Conn, carrier: Carrier, lease: Lease, *, ground: str, policies: Policies, by: Actor, today: date
) -> Lease:
    """With how its tenant stands beside the conditions, of a firm that whoever does it has in sight; whoever is in
    already is not asked again for another room. Raises Refused."""
    if lease.uscc and lease.incubates:
        query = select(Firm.id, Firm.name).where(Firm.uscc == lease.uscc, visible_to(by.viewer))
        firm = (await conn.execute(query)).one_or_none()
        if firm is None or await goes_on(conn, carrier, firm.id, lease, today=today):
            return lease
        if found := await conditions(conn, carrier.kind, firm.id, policies=policies, since=lease.since):
            must_suit(found, ground, firm.name, by=by)
            return replace(lease, entry=kept(found, ground))
    return lease


async def enter(
    conn: Conn, carrier: Carrier, lease: Lease, *, ground: str, policies: Policies, by: Actor, at: datetime
) -> uuid.UUID:
    """As `letting.admit`. Raises Refused as well."""
    lease = await suited(conn, carrier, lease, ground=ground, policies=policies, by=by, today=business_day(at))
    return await admit(conn, carrier, lease, by=by, at=at)


async def agree(
    conn: Conn, proposal_id: uuid.UUID, *, ground: str, policies: Policies, by: Actor, at: datetime
) -> uuid.UUID | None:
    """To what an operator has proposed. A firm that does not suit is not incubated by saying yes itself."""
    said = "" if by.viewer.role is Role.FIRM else ground

    async def looked_at(carrier: Carrier, lease: Lease) -> Lease:
        return await suited(conn, carrier, lease, ground=said, policies=policies, by=by, today=business_day(at))

    return await confirm(conn, proposal_id, suited=looked_at, by=by, at=at)
