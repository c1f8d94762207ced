"""Every act that the code records has words for the people who read the trail."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from app.audit.words import ACTION_LABELS
from app.clerks.terms import AskedState
from app.config import ROOT
from app.filings.stages import Happening
from app.filings.terms import WindowChange

APP = sorted((ROOT / "app").rglob("*.py"))
ACTION = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+")
# Whose last part is the value of an enum.
BY_ENUM: dict[str, list[StrEnum]] = {
    "window:dates:": list(WindowChange),
    "firm:application:": list(Happening),
    "clerk:request:": [AskedState.APPROVED, AskedState.REFUSED],
}


def called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")), node


def constants(node: ast.expr) -> list[str]:
    """What an argument may be: a literal, or either side of a condition."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def in_package(path: Path, helper: ast.AsyncFunctionDef | ast.FunctionDef) -> list[Path]:
    return [path] if helper.name.startswith("_") else [p for p in APP if p.parent == path.parent]


def recorded() -> tuple[set[str], set[str]]:
    """Whole actions, and the beginnings of those that a helper completes, with what it is given to complete them."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in APP}
    all_calls = {path: list(called(tree)) for path, tree in trees.items()}
    whole: set[str] = set()
    begun: set[str] = set()
    for path, tree in trees.items():
        for helper in ast.walk(tree):
            if not isinstance(helper, ast.AsyncFunctionDef | ast.FunctionDef):
                continue
            for name, call in called(helper):
                if (name != "event_row" and not name.endswith(("event_of", "_event"))) or not call.args:
                    continue
                whole.update(word for word in constants(call.args[0]) if ACTION.fullmatch(word))
                if not isinstance(call.args[0], ast.JoinedStr):
                    continue
                head, last = call.args[0].values[0], call.args[0].values[-1]
                assert isinstance(head, ast.Constant)
                begun.add(head.value)
                given = [a.arg for a in helper.args.args]
                if not (isinstance(last, ast.FormattedValue) and isinstance(last.value, ast.Name)):
                    continue
                if last.value.id in given:
                    at = given.index(last.value.id)
                    calls = [c for p in in_package(path, helper) for n, c in all_calls[p] if n == helper.name]
                    whole |= {head.value + w for c in calls if len(c.args) > at for w in constants(c.args[at])}
    return whole, begun


def test_every_act_that_is_recorded_has_its_words() -> None:
    whole, begun = recorded()
    assert len(whole) > 60
    assert sorted(whole - ACTION_LABELS.keys()) == []
    of_enums = {begin + str(member) for begin, members in BY_ENUM.items() for member in members}
    assert sorted(of_enums - ACTION_LABELS.keys()) == []
    assert sorted(begin for begin in begun if not any(label.startswith(begin) for label in ACTION_LABELS)) == []
