"""毕业: asked of the policy for the day it is to count, and kept with the ground it rests on."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.access.terms import Actor, Permission, Viewer
from app.assessments.gathering import gather
from app.carriers.letting import end, lock_tenancy, must_be_open
from app.carriers.stay_terms import Ending, EndReason, Tenancy
from app.carriers.tenancies import open_tenancies
from app.db import Conn
from app.errors import NotFound, Refused
from app.incubation.telling import tell_bureau
from app.policy.policies import Policies
from app.policy.terms import Assessment, Criterion, Outcome

POLICY = "incubation_graduation"
_KNOWN = ("age_at_entry",)  # by the day of registration, which anybody may know


@dataclass(frozen=True, slots=True)
class Graduation:
    on: date  # the last day inside
    ground: str = ""  # what a person goes by where the data do not say
    note: str = ""
    late: str = ""  # why it is written down only now


async def standing(
    conn: Conn, tenancy: Tenancy, *, policies: Policies, as_of: date, viewer: Viewer
) -> Assessment | None:
    """How the tenant stands beside the conditions; None for a team, of which nothing is known.

    The tenancy is in the viewer's sight, and with it only whether its tenant may graduate.
    """
    if tenancy.firm_id is None or viewer.id is None:
        return None
    found = (await gather(conn, [tenancy.firm_id])).get(tenancy.firm_id)
    return policies.assess(POLICY, found.facts, as_of=as_of) if found else None


async def graduate(
    conn: Conn,
    tenancy_id: uuid.UUID,
    graduation: Graduation,
    *,
    policies: Policies,
    version: int | None,
    by: Actor,
    at: datetime,
) -> Tenancy:
    """Raises Refused with the conditions missed; where data are missing a person's ground decides, and is kept.

    国科发区〔2018〕300号 第九条. All that the firm has in this carrier ends with it.
    """
    held = await lock_tenancy(conn, tenancy_id, version, by=by)
    must_be_open(held)
    if held.firm_id is None:
        raise Refused(f"团队“{held.team_name}”还没有注册为企业，不能毕业；请先登记它注册成的企业。")
    found = await standing(conn, held, policies=policies, as_of=graduation.on, viewer=by.viewer)
    if found is None:
        raise NotFound
    sure = found.outcome is Outcome.MET
    if not sure and (found.outcome is Outcome.NOT_MET or not graduation.ground):
        what = "还不符合毕业条件" if found.outcome is Outcome.NOT_MET else "的数据不足以判断；请补齐，或写明依据"
        raise Refused(
            f"{held.holder} {what}。", reasons=sentences(found, figures=by.viewer.may(Permission.ASSESSMENT_READ))
        )
    ground = ground_of(found, graduation.ground)
    ending = Ending(graduation.on, EndReason.GRADUATED, graduation.note, ground, late=graduation.late)
    await end(conn, held.id, ending, version=version, by=by, at=at)
    for other in await open_tenancies(conn, held.carrier_id):
        if other.firm_id == held.firm_id and other.since is not None and other.since <= graduation.on:
            await end(conn, other.id, ending, version=None, by=by, at=at)
    if not sure:
        told = f"{held.carrier_name}凭依据登记{held.holder}毕业，毕业条件{found.outcome.label}：{graduation.ground}"
        await tell_bureau(conn, held.carrier_id, held.id, told, by=by, at=at)
    return held


def ground_of(found: Assessment, stated: str) -> Mapping[str, Any]:
    met = [part.title for criterion in found.criteria for part in criterion.parts if part.outcome is Outcome.MET]
    return {
        "policy": found.policy,
        "version": found.version,
        "document": found.document,
        "as_of": found.as_of.isoformat(),
        "outcome": found.outcome.value,
        "met": met,
        "stated": stated,
    }


def sentences(found: Assessment, *, figures: bool) -> list[str]:
    """Of each condition that is not met what it lacks, the ways of one of them each by itself.

    Without `figures` only which and how it stands: what a firm reported to the bureau is not for its landlord.
    """
    return [words for criterion in found.criteria for words in _lacking(criterion, figures=figures)]


def _lacking(criterion: Criterion, *, figures: bool) -> list[str]:
    if criterion.outcome is Outcome.MET:
        return []
    if criterion.parts:
        return [words for part in criterion.parts for words in _lacking(part, figures=figures)]
    said = criterion.note if criterion.note and (figures or criterion.code in _KNOWN) else criterion.outcome.label
    return [said if said.startswith(criterion.title) else f"{criterion.title}：{said}"]
