"""What is locked, held against a copy of an advisory database in the OSV format, without asking anybody.

A check that cannot know must not say that all is well: a database that is missing, empty, old, unreadable or blind to
what everybody knows is an error and not a clean bill.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

OLDEST = timedelta(days=30)
FEWEST = 1_000  # advisories; the databases of Python packages have thousands
# Known for years and in every copy of the database: whoever does not find this one, finds nothing.
CANARY = ("jinja2", "2.4.1")
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_ENDS = (".json", ".yaml", ".yml")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CannotKnow(Exception):
    """The sentence says why nothing can be said."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    package: str
    version: str
    advisory: str
    also: str  # other numbers it is known by
    fixed: str


def pinned(lock: str) -> dict[str, str]:
    """Raises CannotKnow for a lock that names nothing."""
    found = {canonicalize_name(name): version for name, version in _PINNED.findall(lock)}
    if not found:
        raise CannotKnow("锁文件里没有一个包。")
    return found


def records(place: Path) -> Iterator[Mapping[str, Any]]:
    """Every advisory of a directory or a zip. Raises CannotKnow for one that cannot be read."""
    for name, content in _files(place):
        try:
            record = orjson.loads(content) if name.endswith(".json") else yaml.load(content, _LOADER)
        except (ValueError, yaml.YAMLError) as error:
            raise CannotKnow(f"漏洞库里的 {name} 读不出来。") from error
        if isinstance(record, dict) and "id" in record and not record.get("withdrawn"):
            yield record


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.suffix in _ENDS and path.is_file():
                yield path.name, path.read_bytes()
        return
    try:
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                if name.endswith(_ENDS):
                    yield name, archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise CannotKnow(f"漏洞库 {place} 打不开。") from error


def examine(locked: Mapping[str, str], advisories: Iterable[Mapping[str, Any]], *, at: datetime) -> list[Finding]:
    """What of the locked is known to be faulty. Raises CannotKnow unless the database is whole, fresh and sees."""
    wanted = {**locked}
    canary, known_bad = CANARY
    found, count, sees, newest = set[Finding](), 0, False, None
    for record in advisories:
        count += 1
        modified = _moment(record.get("modified"))
        newest = max(newest or modified, modified) if modified else newest
        for affected in record.get("affected") or ():
            name = canonicalize_name(str((affected.get("package") or {}).get("name", "")))
            if name == canary:
                sees = sees or _is_hit(known_bad, affected)
            if name in wanted and _is_hit(wanted[name], affected):
                also = "、".join(record.get("aliases") or ())
                found.add(Finding(name, wanted[name], str(record["id"]), also, "、".join(_fixes(affected))))
    if count < FEWEST:
        raise CannotKnow(f"漏洞库里只有 {count} 条，不像是完整的（至少 {FEWEST:,} 条）。")
    if not sees:
        raise CannotKnow(f"漏洞库认不出 {canary} {known_bad} 的老漏洞，它说没有也不算数。")
    if newest is None or at - newest > OLDEST:
        raise CannotKnow(
            f"漏洞库最新一条是 {newest:%Y-%m-%d}，超过 {OLDEST.days} 天，请先更新。" if newest else "没有日期。"
        )
    return sorted(found)


def _moment(said: Any) -> datetime | None:
    if isinstance(said, datetime):
        return said if said.tzinfo else None
    try:
        return datetime.fromisoformat(str(said).replace("Z", "+00:00"))
    except ValueError:
        return None


def _is_hit(version: str, affected: Mapping[str, Any]) -> bool:
    if version in map(str, affected.get("versions") or ()):
        return True
    ranges = [r for r in affected.get("ranges") or () if r.get("type") == "ECOSYSTEM"]
    return any(_is_within(Version(version), r.get("events") or ()) for r in ranges)


def _is_within(version: Version, events: Iterable[Mapping[str, Any]]) -> bool:
    """Through the range's turns in their order. One whose number cannot be read counts as a hit: look for yourself."""
    inside = False
    for event in events:
        (kind, said), *_ = event.items()
        try:
            at = Version("0" if str(said) == "0" else str(said))
        except InvalidVersion:
            return True
        if kind == "introduced" and version >= at:
            inside = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            inside = False
    return inside


def _fixes(affected: Mapping[str, Any]) -> list[str]:
    return [str(e["fixed"]) for r in affected.get("ranges") or () for e in r.get("events") or () if "fixed" in e]
