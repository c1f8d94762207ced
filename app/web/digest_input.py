"""Which week, of which division, known when: what an address of a digest says. And what a subscription's form says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.access.terms import Viewer
from app.digests.sending import Subscription
from app.digests.terms import SectionCode, Week
from app.errors import Invalid, NotFound
from app.firms.filtering import visible_prefix
from app.web.lookups import Lookup


def parse_week(text: str) -> Week:
    try:
        return Week.parse(text)
    except ValueError as error:
        raise NotFound("没有这一周；应形如 2026-W47。") from error


@dataclass(frozen=True, slots=True)
class Place:
    """Where a digest is read."""

    week: Week
    scope: str
    now: bool = False

    def href(self, *parts: str, **more: str) -> str:
        query = {"scope": self.scope, **({"known": "now"} if self.now else {}), **more}
        return "/".join(["/digests", str(self.week), *parts]) + "?" + urlencode(query)


def divisions(lookup: Lookup, viewer: Viewer) -> list[tuple[str, str]]:
    """The viewer's own and those below it that are divisions or zones."""
    prefix, kinds = visible_prefix(viewer), lookup.reference.region_kinds
    return [
        (code, name)
        for code, name in lookup.reference.regions.items()
        if code.startswith(prefix) and kinds[code] in ("county", "town", "zone")
    ]


def read_subscription(raw: Mapping[str, str], sections: Sequence[str], choices: Mapping[str, str]) -> Subscription:
    """Raises Invalid by field."""
    faults = {}
    if raw.get("scope", "") not in choices:
        faults["scope"] = "请选择您管辖范围内的行政区划。"
    known = tuple(code.value for code in SectionCode if code.value in sections)
    active = raw.get("active", "") == "1"
    if active and not known:
        faults["section"] = "请至少选一部分；不想收的，请选“不订阅”。"
    if faults:
        raise Invalid(faults)
    return Subscription(raw["scope"], known, raw.get("by_mail", "") == "1", active)
