"""A workbook written by a process of its own: a county's takes seconds of computing, and the site's are for its pages.

Rows go to the child as JSON lines. It ends with whoever feeds it: nothing comes any more, and there is no file.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from app.sheets.writing import XlsxFile

Rows = Sequence[Sequence[str | None]]
_WHOLE = b"whole"
_FAILED = 3  # the child's way to say that standard output is the system's number for what went wrong


class Apart:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        self._process, self._into = process, process.stdin

    async def write(self, rows: Rows) -> None:
        """At the child's pace."""
        await self._send(orjson.dumps(rows))

    async def close(self) -> None:
        """Raises OSError when it could not be written."""
        await self._send(_WHOLE)
        said, _ = await self._process.communicate()
        if self._process.returncode == _FAILED:
            raise OSError(int(said), os.strerror(int(said)))
        if self._process.returncode:
            raise ChildProcessError(f"the workbook's writer ended with {self._process.returncode}")

    async def _send(self, line: bytes) -> None:
        # One that has given up takes no more: why, it says at the end.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._into.write(line + b"\n")
            await self._into.drain()


@asynccontextmanager
async def book_apart(
    path: Path, sheet: str, titles: Sequence[str], widths: Sequence[int], *, numeric: frozenset[int], mark: str = ""
) -> AsyncIterator[Apart]:
    """As `XlsxFile`. The file is there when the block has ended well, and the child is gone in any case."""
    head = {"path": str(path), "sheet": sheet, "titles": titles, "widths": widths, "numeric": [*numeric], "mark": mark}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.sheets.apart"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        book = Apart(process)
        await book._send(orjson.dumps(head))
        yield book
        await book.close()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _main(lines: Iterable[bytes]) -> int:
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415  # the child's alone: a site starts without it

    given = iter(lines)
    head: Mapping[str, Any] = orjson.loads(next(given))
    numeric = frozenset(head["numeric"])
    try:
        book = XlsxFile(
            Path(head["path"]), head["sheet"], head["titles"], head["widths"], numeric=numeric, mark=head["mark"]
        )
        for line in given:
            if line.strip() == _WHOLE:
                book.close()
                return 0
            book.write(orjson.loads(line))
    except (OSError, FileCreateError) as error:
        cause = error if isinstance(error, OSError) else error.args[0]
        sys.stdout.write(str(cause.errno))
        return _FAILED
    os._exit(1)  # broken off: a book that is not whole is not put together on the way out


if __name__ == "__main__":
    raise SystemExit(_main(sys.stdin.buffer))
