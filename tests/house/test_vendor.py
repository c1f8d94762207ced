"""What is vendored is what its makers published: named, licensed, and byte for byte the same."""

import hashlib
import json
import re
from typing import Any

from app.config import STATIC

VENDOR = STATIC / "vendor"


def listed() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((VENDOR / "VENDOR.json").read_text())
    return entries


def test_every_vendored_file_is_listed_with_version_licence_and_the_hash_of_its_bytes() -> None:
    for entry in listed():
        assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
        assert entry["version"] in entry["file"]
        assert entry["licence"] in {"0BSD", "MIT"}
        assert (VENDOR / entry["licence_file"]).stat().st_size > 200
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", entry["integrity"])


def test_nothing_is_vendored_that_is_not_listed() -> None:
    known = {"VENDOR.json"} | {e[k] for e in listed() for k in ("file", "licence_file")}
    assert {p.name for p in VENDOR.iterdir()} == known


def test_our_own_style_and_script_stay_small_and_call_nobody() -> None:
    assert (STATIC / "app.css").stat().st_size <= 30 * 1024
    # A desk's own sheet comes with its pages only, and stays a supplement.
    for sheet in STATIC.glob("*.css"):
        assert sheet.name == "app.css" or sheet.stat().st_size <= 6 * 1024, sheet.name
    assert len((STATIC / "app.js").read_text().splitlines()) <= 240
    for name in ("app.js", "palette.js", "mention.js", *(sheet.name for sheet in STATIC.glob("*.css"))):
        assert not re.search(r"https?://|\beval\(|new Function|innerHTML\s*=", (STATIC / name).read_text())
