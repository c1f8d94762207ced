"""`make audit`: what the house is built of, whether any of it is known to be faulty, and whether a secret lies about.

    make audit ARGS="--advisories osv-pypi.zip"

The database of advisories is a copy that somebody has fetched (OSV's archive of PyPI, a check-out of PyPA's). Without
one nothing can be said, which is an error. cyclonedx-bom and detect-secrets have to be installed beside.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.supply.advisories import CannotKnow, examine, pinned, records

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
BASELINE = ".secrets.baseline"
_CLEAN, _FOUND, _MOVED = 0, 1, 3  # what detect-secrets-hook ends with


def tool(name: str) -> str:
    """Raises CannotKnow where it is not installed."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise CannotKnow(f"没有找到 {name}：pip install cyclonedx-bom detect-secrets 之后再来。")
    return found


def write_sbom(out: Path) -> str:
    """Of what runs; nothing of this machine or of a place where packages come from is in it."""
    command = [tool("cyclonedx-py"), "requirements", str(ROOT / LOCKS[0]), "--output-reproducible", "--of", "JSON"]
    done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotKnow(f"清单没有做成：{done.stderr.strip()[-300:]}")
    return f"清单在 {out}"


def look_for_secrets() -> list[str]:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in files.split("\0") if name and name != BASELINE and not name.endswith(".lock")]
    with tempfile.TemporaryDirectory(prefix="tidu-audit-") as folder:
        # A copy: the tool writes what has moved to another line into its list.
        baseline = shutil.copy(ROOT / BASELINE, folder)
        command = [tool("detect-secrets-hook"), "--no-verify", "--baseline", baseline, *names]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (_CLEAN, _FOUND, _MOVED):
        raise CannotKnow(f"找密钥的工具没有跑成：{done.stderr.strip()[-300:]}")
    said = [line.split(":", 1) for line in done.stdout.splitlines() if line.startswith(("Secret Type:", "Location:"))]
    kinds, places = ([what.strip() for name, what in said if name == wanted] for wanted in ("Secret Type", "Location"))
    if done.returncode == _FOUND and not places:
        raise CannotKnow("找密钥的工具说有发现，但没有说在哪里。")
    return [f"{place}（{kind}）" for kind, place in zip(kinds, places, strict=True)]


def look_for_faults(place: str) -> list[str]:
    if not place:
        raise CannotKnow("没有给漏洞库（--advisories），不能说没有漏洞。")
    locked: dict[str, str] = {}
    for lock in LOCKS:
        locked |= pinned((ROOT / lock).read_text(encoding="utf-8"))
    found = examine(locked, records(Path(place)), at=datetime.now(UTC))
    return [f"{f.package} {f.version}：{f.advisory}（{f.also}），修好的版本 {f.fixed or '没有'}" for f in found]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make audit")
    parser.add_argument("--advisories", default="", help="OSV 格式的漏洞库：目录或 zip")
    parser.add_argument("--sbom", type=Path, default=Path("sbom.cdx.json"))
    args = parser.parse_args()
    worst = 0
    steps = (
        ("清单", lambda: [write_sbom(args.sbom)], False),
        ("密钥", look_for_secrets, True),
        ("漏洞", lambda: look_for_faults(args.advisories), True),
    )
    for title, look, is_fault in steps:
        try:
            said = look()
        except CannotKnow as error:
            print(f"{title}：无法判断。{error}", file=sys.stderr)
            worst = 2
            continue
        print(f"{title}：{'' if said else '没有发现'}", *said, sep="\n  " if len(said) > 1 else " ")
        if is_fault and said:
            worst = max(worst, 1)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
