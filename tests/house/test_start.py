"""What a process brings in before it answers, read from a process: a start is paid for at every crash and upgrade."""

import subprocess
import sys

from app.config import ROOT

# What only some of the routes, jobs and commands need.
LATER = {"alembic", "mako", "joserfc", "openpyxl", "xlsxwriter", "python_calamine", "pypinyin"}
OF_THE_WEB = {"app.main", "fastapi", "starlette", "jinja2", "segno", "typst", "uvicorn"}
OF_THE_WORKER = {"app.worker", "apscheduler", "aiosmtplib"}


def brought_in_by(command: str) -> set[str]:
    program = f"import sys, app.cli; app.cli.build_parser({command!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_site_starts_without_what_it_may_never_need():
    found = brought_in_by("serve")
    assert not found & (LATER | OF_THE_WORKER)
    assert sum(not name.startswith("app.") for name in found) < 900


def test_a_worker_starts_without_the_web():
    found = brought_in_by("worker")
    assert not found & (LATER | OF_THE_WEB)
    assert sum(not name.startswith("app.") for name in found) < 700
