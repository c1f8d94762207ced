"""The page on security names a test for each demand, and each of them is there."""

import ast
import re

from app.config import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = re.compile(r"`(\w+/test_\w+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| ([^|]*?) \|.*\| ([^|]*) \|$", re.MULTILINE)


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 60
    there = {path: functions_of(path) for path in {path for path, _ in named}}
    assert sorted(f"{path}::{name}" for path, name in named if name not in there[path]) == []


def test_every_demand_has_its_proof_or_its_reason() -> None:
    demands = [
        (what, proof)
        for what, proof in ROW.findall(PAGE.partition("## OWASP")[2])
        if not what.startswith(("要求", "条款", "--"))
    ]
    assert len([what for what, _ in demands if what.startswith("V")]) >= 75
    assert [what for what, proof in demands if not NAMED.search(proof) and not proof.startswith("— ")] == []
