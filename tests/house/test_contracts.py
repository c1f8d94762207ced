"""What reviews would otherwise have to look for."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import MIGRATIONS, ROOT, TEMPLATES

APP = sorted((ROOT / "app").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST = {"app": 300, "tests": 400, "templates": 120, "function": 50}


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def too_long(paths: list[Path], limit: int) -> dict[str, int]:
    return {str(p.relative_to(ROOT)): n for p in paths if (n := len(lines_of(p))) > limit}


def test_imports_only_point_down():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_stay_short_enough_to_read_in_one_sitting():
    assert not too_long(APP, LONGEST["app"])
    assert not too_long(TESTS, LONGEST["tests"])
    assert not too_long(sorted(TEMPLATES.rglob("*.html")), LONGEST["templates"])


def test_functions_stay_short_enough_to_see_at_once():
    long = {}
    for path in APP:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.body[0].lineno + 1
                if size > LONGEST["function"]:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = size
    assert not long


@pytest.mark.parametrize(
    ("pattern", "at_home"),
    [
        (r"\.commit\(", {"db.py"}),
        (r"\.rollback\(", {"db.py"}),
        (r"datetime\.(now|utcnow|today)\(|date\.today\(", {"clock.py"}),
        (r"\btime\.time\(", set()),
        (r"\bprint\(", {"cli.py", "commands", "isolated.py", "enter.py"}),
        (r"\bcreate_async_engine\(", {"db.py"}),
        (r"\|\s*safe\b|Markup\(", set()),
        (r"\bfrom_string\(|jinja2\.Template", set()),
        (r"shell=True|\bos\.(system|popen)\(|create_subprocess_shell", set()),
        (r"create_subprocess_exec", {"apart.py"}),
        (r"\bsubprocess\.(run|Popen|call|check_\w+)\(", {"children.py", "isolated.py", "embedded"}),
    ],
)
def test_some_calls_have_one_home(pattern, at_home):
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in APP
        if not at_home & {path.name, path.parent.name}
        for n, line in enumerate(lines_of(path), 1)
        if re.search(pattern, line.split("#")[0])
    ]
    assert not found


def test_templates_never_switch_escaping_off():
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in TEMPLATES.rglob("*.html")
        for n, line in enumerate(lines_of(path), 1)
        if re.search(r"\|\s*safe\b|autoescape\s+false", line)
    ]
    assert not found


def test_pages_carry_no_inline_script_and_no_inline_style():
    """The content security policy would block both, and only in a browser."""
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in TEMPLATES.rglob("*.html")
        if "mail" not in path.parts
        for n, line in enumerate(lines_of(path), 1)
        if re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|javascript:", line)
    ]
    assert not found


def test_code_reads_in_english_and_speaks_chinese_only_to_people():
    """Names and comments are English; Chinese is in string constants and where a rule of law is cited."""
    found = []
    for path in APP:
        tree = ast.parse(path.read_text("utf-8"))
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {
            n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        found += [f"{path.relative_to(ROOT)}:{name}" for name in names if not name.isascii()]
    assert not found


def test_every_migration_names_what_it_does_and_gives_up_on_a_lock():
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        text = path.read_text("utf-8")
        assert text.startswith('"""'), path.name
        assert text.count("lock_timeout") >= 2, path.name
