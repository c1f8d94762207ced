"""The bare writers: the same cells, already in memory, into a file; only the writing is timed. Prints seconds."""

import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

Rows = Sequence[Sequence[str]]


def write_csv(rows: Rows, path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows(rows)


def write_xlsx(rows: Rows, path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(number, column, cell)


def main(form: str, source: Path, target: Path) -> None:
    with source.open(encoding="utf-8-sig", newline="") as cells:
        rows = list(csv.reader(cells))
    began = time.perf_counter()
    (write_csv if form == "csv" else write_xlsx)(rows, target)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
