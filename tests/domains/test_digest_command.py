"""`tidu digest`: a week in each form, the same whenever it is asked for, and one sentence for what it is not."""

import json

import pytest

from app.cli import main
from tests.domains.test_commands import runner

pytestmark = pytest.mark.db_commit


def test_a_past_week_is_told_the_same_twice_and_printed(fresh_url, tmp_path):
    tidu, sheet = runner(fresh_url, tmp_path), tmp_path / "week.pdf"
    first, second = (tidu("digest", "--week", "2026-W40", "--format", "json").stdout for _ in range(2))
    told = json.loads(first)
    assert first == second
    assert (told["week"], told["scope"], told["afterwards"], told["kept"]) == ("2026-W40", "440783", True, False)
    assert tidu("digest", "--week", "2026-W40", "--format", "pdf", "-o", str(sheet)).returncode == 0
    assert sheet.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("week", ["2026-40", "2026-W54", "x"])
def test_what_is_no_week_is_a_mistake_of_usage(week, capsys):
    assert main(["digest", "--week", week]) == 2
    assert "2026-W47" in capsys.readouterr().err
