"""The browser that the tests drive: one on the machine, or one that the machine's own installer brings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Quiet and closed to the outside: Chromium otherwise looks for updates and hosts of its own at every start.
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)


def find() -> str | None:
    """An executable's path: the CHROMIUM variable, one on the path, or Playwright's own."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen
    if on_path := next((p for name in _NAMES if (p := shutil.which(name))), None):
        return on_path
    if _MAC.exists():
        return str(_MAC)
    return _from_playwright()


def _from_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def ensure() -> str:
    """Installs a browser when there is none. Raises SystemExit with what to do when that fails too."""
    if found := find():
        return found
    for command in _installers():
        print("installing a browser:", " ".join(command), flush=True)
        if subprocess.run(command, check=False).returncode == 0 and (found := find()):
            return found
    raise SystemExit(
        "没有浏览器：请装 chromium（Debian：apt-get install chromium fonts-noto-cjk），或用 CHROMIUM=路径 指明。"
    )


def _installers() -> list[list[str]]:
    commands: list[list[str]] = []
    if shutil.which("apt-get"):
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        script = "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk"
        commands.append([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script])
    commands.append([sys.executable, "-m", "playwright", "install", "chromium"])
    return commands


if __name__ == "__main__":
    print("browser:", ensure())
