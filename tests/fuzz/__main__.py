"""`make fuzz`: the whole API as each role, against a demo of its own; schemathesis has to be installed beside.

    make fuzz ARGS="--roles officer firm --examples 20 --seed 7"
    make fuzz ARGS="--forms 2000"    the pages' forms with naughty strings instead, so many tries a role

No 5xx and no answer that differs from the specification is the aim; what is found is printed and ends with 1.
"""

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from app.access.terms import Role
from tests.fuzz.forms import attack

# Last: from its appointment on the administrator keeps the system's part only.
SECURITY = "security"
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"
_PATIENCE_SECONDS = 300


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def run(tool: str | None, roles: list[str], *, examples: int, seed: int, forms: int) -> int:
    port, failed = free_port(), []
    with tempfile.TemporaryDirectory(prefix="tidu-fuzz-") as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDU_")} | {"TIDU_DATA": folder}
        tidu = [sys.executable, "-m", "app.cli"]
        house = subprocess.Popen([*tidu, "up", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
        try:
            until_ready(port, house)
            for role in roles:
                if role == SECURITY:
                    appoint(tidu, environment)
                done = subprocess.run(
                    [*tidu, "token", role], env=environment, capture_output=True, text=True, check=True
                )
                print(f"== {role}", flush=True)
                if not attacked(tool, port, done.stdout.strip(), examples=examples, seed=seed, forms=forms):
                    failed.append(role)
        finally:
            house.terminate()
            house.wait(timeout=60)
    print("没有发现问题" if not failed else f"有发现：{'、'.join(failed)}")
    return 1 if failed else 0


def appoint(tidu: list[str], environment: dict[str, str]) -> None:
    account = ["--role", Role.ADMIN.value, "--power", "security", "--scope", "440783", "--password-stdin"]
    said = f"{secrets.token_urlsafe(18)}9\n"
    subprocess.run([*tidu, "user", "add", SECURITY, *account], env=environment, input=said, text=True, check=True)


def attacked(tool: str | None, port: int, token: str, *, examples: int, seed: int, forms: int) -> bool:
    """Whether nothing was found."""
    if tool:
        return subprocess.run(fuzzing(tool, port, token, examples, seed), check=False).returncode == 0
    found = attack(f"http://127.0.0.1:{port}", token, most=forms, seed=seed)
    print(*found, sep="\n", flush=True)
    return not found


def fuzzing(tool: str, port: int, token: str, examples: int, seed: int) -> list[str]:
    address = f"http://127.0.0.1:{port}/api/v1/openapi.json"
    said = ["-H", f"Authorization: Bearer {token}", "--checks", CHECKS, "-n", str(examples), "--seed", str(seed)]
    return [tool, "run", address, *said, "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all"]


def until_ready(port: int, house: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and house.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise SystemExit("演示没有启动")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--roles", nargs="*", default=[*Role, SECURITY])
    parser.add_argument("--examples", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forms", type=int, default=0, help="改试网页上的表单，每个角色这么多次")
    args = parser.parse_args()
    beside = Path(sys.executable).with_name("schemathesis")
    tool = str(beside) if beside.exists() else shutil.which("schemathesis")
    tool = None if args.forms else tool
    if tool is None and not args.forms:
        print("没有找到 schemathesis：pip install schemathesis 之后再来。", file=sys.stderr)
        return 2
    return run(tool, args.roles, examples=args.examples, seed=args.seed, forms=args.forms)


if __name__ == "__main__":
    raise SystemExit(main())
