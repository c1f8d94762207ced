"""Whether everything held, from the ledger, the outbox and what the mail server took. Each fault is a sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.outbox.deliver import AT_ONCE, TOGETHER


@dataclass(frozen=True)
class Row:
    """A row of the ledger with its message."""

    id: str
    firm: str
    rule: str
    step: str
    anchor_on: date
    state: str  # of the ledger's row
    message: str | None  # of the outbox's
    address: str | None


@dataclass(frozen=True)
class Happened:
    kills: int
    restarts: int
    unheard: int  # letters taken whose sender could not know


@dataclass
class Verdict:
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def judge(
    rows: Sequence[Row], firms: Sequence[str], taken: Sequence[tuple[str, str]], happened: Happened, *, moved_to: date
) -> Verdict:
    """Every firm is in the ledger once for the rule whose date held; for the one whose date moved it was either told
    the old date and corrected once, or what it was to be told was taken back unsent."""
    verdict = Verdict()
    standing = [row for row in rows if row.state != "withdrawn"]
    _once(verdict, standing, firms)
    _moved(verdict, standing, moved_to)
    _delivered(verdict, rows, taken, happened)
    return verdict


def _once(verdict: Verdict, standing: Sequence[Row], firms: Sequence[str]) -> None:
    keys = Counter((r.firm, r.rule, r.step, r.anchor_on) for r in standing)
    steady = Counter(r.firm for r in standing if r.rule == "tech_sme_due")
    missing = [firm for firm in firms if not steady[firm]]
    verdict.counts |= {"firms": len(firms), "ledger": len(standing), "missing": len(missing)}
    verdict.counts["twice in the ledger"] = sum(n - 1 for n in keys.values())
    if missing:
        verdict.faults.append(f"{len(missing)} firms are not in the ledger")
    if any(n > 1 for n in [*keys.values(), *steady.values()]):
        verdict.faults.append("a reminder is in the ledger more than once")


def _moved(verdict: Verdict, standing: Sequence[Row], moved_to: date) -> None:
    changed = Counter(r.firm for r in standing if r.rule == "date_changed")
    told = {r.firm for r in standing if r.rule == "hnte_due" and r.anchor_on != moved_to}
    verdict.counts |= {"told the old date": len(told), "corrected": sum(changed.values())}
    if told != set(changed) or any(n > 1 for n in changed.values()):
        verdict.faults.append("a changed date was not told exactly once to those who had been told the old one")


def _delivered(verdict: Verdict, rows: Sequence[Row], taken: Sequence[tuple[str, str]], happened: Happened) -> None:
    copies = Counter(message for message, _ in taken)
    by_id: Mapping[str, Row] = {row.id: row for row in rows}
    alien = [message for message in copies if message not in by_id]
    wrong = [message for message, address in taken if message in by_id and by_id[message].address != address]
    due = [r for r in rows if r.state == "queued" and r.address and not r.address.startswith("nobody")]
    undelivered = [r for r in due if not copies[r.id]]
    unsettled = [r for r in due if r.message != "sent"]
    refused = [r for r in rows if r.state == "queued" and r.address and r.address.startswith("nobody")]
    leaked = [r for r in rows if r.state == "withdrawn" and copies[r.id]]
    extra = sum(copies.values()) - len(copies)
    # In flight, or landed and not yet settled.
    in_the_air = AT_ONCE + TOGETHER
    allowed = happened.kills * in_the_air + happened.restarts * 2 * in_the_air + happened.unheard
    verdict.counts |= {
        "to be delivered": len(due),
        "undelivered": len(undelivered),
        "taken by the server": sum(copies.values()),
        "extra copies": extra,
        "extra copies allowed": allowed,
        "taken back unsent": sum(r.state == "withdrawn" for r in rows),
        "refused for good": len(refused),
    }
    for bad, sentence in (
        (undelivered, "were never delivered"),
        (unsettled, "are delivered and not settled as sent"),
        ([r for r in refused if r.message != "dead"], "were refused for good and are not among the dead letters"),
        (leaked, "were delivered although they were taken back"),
        (alien, "carry a Message-ID that nobody wrote"),
        (wrong, "went to another address than their own"),
    ):
        if bad:
            verdict.faults.append(f"{len(bad)} messages {sentence}")
    if extra > allowed:
        verdict.faults.append(f"{extra} extra copies, and no more than {allowed} can be explained")
