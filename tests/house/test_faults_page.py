"""The page on faults answers every one of them, and what it names is there."""

import re

from app.config import ROOT
from tests.house.test_security_page import functions_of

PAGE = (ROOT / "docs" / "faults.md").read_text("utf-8")
NAMED = re.compile(r"`((?:drill/\w+|\w+/test_\w+)\.py)::(\w+)`")
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_the_list_is_whole_and_in_order() -> None:
    assert [int(number) for number, *_ in ROW.findall(PAGE)] == list(range(1, 46))


def test_each_fault_has_its_proof_or_its_reason() -> None:
    assert [n for n, *_, proof in ROW.findall(PAGE) if not NAMED.search(proof) and not proof.startswith("— ")] == []


def test_whatever_the_page_names_is_there() -> None:
    named = set(NAMED.findall(PAGE))
    there = {path: functions_of(path) for path in {path for path, _ in named}}
    assert sorted(f"{path}::{name}" for path, name in named if name not in there[path]) == []


def test_every_trouble_of_the_drill_is_on_the_page() -> None:
    source = (ROOT / "tests" / "drill" / "troubles.py").read_text("utf-8")
    troubles = set(re.findall(r"scene\.(\w+)", source))
    assert len(troubles) > 10
    assert sorted(troubles - {name for path, name in NAMED.findall(PAGE) if path == "drill/troubles.py"}) == []
