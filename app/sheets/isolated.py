"""Reads a stranger's workbook in a process of its own, with a bound on memory and time.

A parser that a hostile file overwhelms takes only itself along: the worker lives, and the person gets a sentence.
The child answers in JSON lines, so that nothing it says is ever executed here.
"""

import asyncio
import io
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import orjson

from app.sheets.annotating import Notes, annotate
from app.sheets.reading import read
from app.sheets.terms import Broken, Formula, RawSheet, SheetError, Value

T = TypeVar("T")
# However many files come in at once, no more children than these: each may take its whole share of memory.
_CHILDREN = ThreadPoolExecutor(2, thread_name_prefix="sheets")
_MEMORY = 2 << 30
_SECONDS = 60  # of a processor
_PATIENCE = 3 * _SECONDS  # by the clock: a machine that has other things to do takes longer over a sound file
_REFUSED = 3  # the child's way to say that standard output is the sentence
_TOO_MUCH = "文件太大或结构异常，读取时超出了允许的内存或时间。请删去图片和多余的工作表，另存后再上传。"


async def in_turn(work: Callable[..., T], *given: Any) -> T:
    """Runs one of the two below, or what calls it, in a thread of its own few, so that it waits for its turn."""
    return await asyncio.get_running_loop().run_in_executor(_CHILDREN, work, *given)


def read_isolated(path: Path, name: str, titles: Collection[str] = ()) -> list[RawSheet]:
    """Blocks; call it `in_turn`. `titles` as for `read_csv`. Raises SheetError."""
    return list(_sheets(_run("read", path, name, orjson.dumps(list(titles)))))


def annotate_isolated(path: Path, name: str, notes: Notes) -> bytes:
    """The annotated workbook. Blocks; call it `in_turn`. Raises SheetError."""
    return _run("annotate", path, name, notes.to_json())


def _run(verb: str, path: Path, name: str, given: bytes) -> bytes:
    command = [sys.executable, "-m", "app.sheets.isolated", verb, str(path), name]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise SheetError(_TOO_MUCH) from error
    if done.returncode == _REFUSED:
        raise SheetError(done.stdout.decode())
    if done.returncode != 0:
        raise SheetError(_TOO_MUCH)
    return done.stdout


def _sheets(output: bytes) -> Iterator[RawSheet]:
    lines = iter(io.BytesIO(output))
    for line in lines:
        head = orjson.loads(line)
        rows = [[_decoded(v) for v in orjson.loads(next(lines))] for _ in range(head["rows"])]
        yield RawSheet(head["name"], rows, visible=head["visible"], numbers=head["numbers"])


def _decoded(value: Any) -> Value:
    if not isinstance(value, list):
        return value  # type: ignore[no-any-return]
    kind, *rest = value
    if kind == "d":
        return date.fromisoformat(rest[0])
    if kind == "b":
        return Broken(rest[0])
    result = _decoded(rest[1])
    return Formula(rest[0], None if isinstance(result, (Formula, Broken)) else result)


def _encoded(value: Value) -> Any:
    if isinstance(value, Formula):
        return ["f", value.text, _encoded(value.result)]
    if isinstance(value, Broken):
        return ["b", value.text]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, str):
        # A lone half of a surrogate pair cannot be sent; it becomes the mark for an unreadable character.
        return value.encode("utf-8", "replace").decode()
    return value


def _main() -> int:
    _bound_memory()
    verb, path, name = sys.argv[1:4]
    out = sys.stdout.buffer
    try:
        data = Path(path).read_bytes()
        if verb == "annotate":
            out.write(annotate(data, name, Notes.from_json(sys.stdin.buffer.read())))
            return 0
        sheets = read(data, name, orjson.loads(sys.stdin.buffer.read()))
    except SheetError as error:
        out.write(str(error).encode())
        return _REFUSED
    for sheet in sheets:
        head = {"name": sheet.name, "visible": sheet.visible, "rows": len(sheet.rows), "numbers": sheet.numbers}
        out.write(orjson.dumps(head) + b"\n")
        for row in sheet.rows:
            out.write(orjson.dumps([_encoded(v) for v in row]) + b"\n")
    return 0


def _bound_memory() -> None:
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


if __name__ == "__main__":
    raise SystemExit(_main())
