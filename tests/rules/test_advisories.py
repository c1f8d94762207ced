"""The audit of what is locked: it finds what is known, and says nothing where it cannot know."""

import zipfile
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import yaml

from tests.supply.advisories import CANARY, FEWEST, OLDEST, CannotKnow, examine, pinned, records

AT = datetime(2026, 11, 30, tzinfo=UTC)
LOCK = 'Fast_API==0.165.0 \\\n    --hash=sha256:aa\n    # via tidu\nuvloop==0.22.1 ; sys_platform != "win32" \\\n'


def advisory(name, *events, number="PYSEC-1", modified=AT, versions=()):
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges, "versions": list(versions)}
    return {"id": number, "modified": modified.isoformat(), "aliases": ["CVE-1"], "affected": [affected]}


def database(*more, count=FEWEST, canary=True, modified=AT):
    known = [advisory(CANARY[0], {"introduced": "0"}, {"fixed": "2.7.2"}, modified=modified)] if canary else []
    filler = [advisory("nobody", {"introduced": "0"}, modified=modified) for _ in range(count - len(known) - len(more))]
    return [*known, *more, *filler]


def test_a_lock_is_read_with_its_names_as_the_index_spells_them():
    assert pinned(LOCK) == {"fast-api": "0.165.0", "uvloop": "0.22.1"}
    with pytest.raises(CannotKnow):
        pinned("# nothing\n")


@pytest.mark.parametrize(
    ("events", "hit"),
    [
        ([{"introduced": "0"}, {"fixed": "0.165.1"}], True),
        ([{"introduced": "0"}, {"fixed": "0.165.0"}], False),
        ([{"introduced": "0.165.0"}], True),
        ([{"introduced": "0.165.1"}], False),
        ([{"introduced": "0"}, {"last_affected": "0.165.0"}], True),
        ([{"introduced": "0"}, {"last_affected": "0.164.9"}], False),
        ([{"introduced": "0"}, {"fixed": "0.1"}, {"introduced": "0.165"}, {"fixed": "0.166"}], True),
        ([{"introduced": "no number"}], True),
    ],
)
def test_a_version_is_hit_from_where_a_fault_came_in_until_it_was_mended(events, hit):
    found = examine(pinned(LOCK), database(advisory("fast.api", *events)), at=AT)
    assert [(f.package, f.advisory, f.also) for f in found] == [("fast-api", "PYSEC-1", "CVE-1")] * hit


def test_versions_that_are_named_are_hit_too_and_other_packages_are_not():
    assert examine(pinned(LOCK), database(advisory("uvloop", versions=["0.22.1"])), at=AT)
    assert not examine(pinned(LOCK), database(advisory("uvloops", {"introduced": "0"})), at=AT)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (database(count=FEWEST - 1), "不像是完整的"),
        (database(canary=False), "不算数"),
        (database(modified=AT - OLDEST - timedelta(seconds=1)), "请先更新"),
        ([], "不像是完整的"),
    ],
)
def test_a_database_that_cannot_know_is_no_clean_bill(known, why):
    with pytest.raises(CannotKnow, match=why):
        examine(pinned(LOCK), known, at=AT)
    assert examine(pinned(LOCK), database(modified=AT - OLDEST), at=AT) == []


def test_a_copy_is_a_directory_or_a_zip_of_either_form_and_what_was_withdrawn_does_not_count(tmp_path):
    one, other = advisory("a", number="1"), advisory("b", number="2")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.json").write_bytes(orjson.dumps(one))
    (tmp_path / "a" / "2.yaml").write_text(yaml.safe_dump(other))
    (tmp_path / "a" / "3.json").write_bytes(orjson.dumps(one | {"id": "3", "withdrawn": "2026-01-01T00:00:00Z"}))
    assert [r["id"] for r in records(tmp_path / "a")] == ["1", "2"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("1.json", orjson.dumps(one))
    assert [r["id"] for r in records(tmp_path / "all.zip")] == ["1"]
    (tmp_path / "a" / "4.json").write_text("{")
    for broken in (tmp_path / "a", tmp_path / "nowhere", tmp_path / "a" / "1.json"):
        with pytest.raises(CannotKnow):
            list(records(broken))
