"""No key or token lies in the repository; `make audit` looks closer, with a tool of its own."""

import re
import subprocess

import pytest

from app.config import ROOT

SHAPES = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{20}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{50}|\bglpat-[\w-]{20}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10}"
    r"|\bAIza[\w-]{35}"
    r"|\bsk-[A-Za-z0-9]{32}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|\bLTAI[A-Za-z0-9]{16,}"
)


def tracked():
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout")
    return [ROOT / name for name in listed.decode().split("\0") if name]


def test_nothing_in_the_repository_has_the_shape_of_a_secret():
    found = []
    for path in tracked():
        if path.is_file() and (hit := SHAPES.search(path.read_bytes().decode("utf-8", "replace"))):
            found.append(f"{path.relative_to(ROOT)}: {hit[0][:12]}…")
    assert not found


@pytest.mark.parametrize(
    "secret", ["AKIA" + "Q" * 16, "ghp_" + "a" * 36, "-----BEGIN " + "PRIVATE KEY-----\n" + "A" * 20, "LTAI" + "5t" * 8]
)
def test_what_would_be_one_is_seen(secret):
    assert SHAPES.search(f"key = {secret!s}\n")
