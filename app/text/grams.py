"""Search grams, made here for the index and for the query alike, so that neither can drift from the other.

A field is reduced to its key. The index holds every pair of neighbouring characters and, inside runs of
ASCII letters and digits, every triple. A query asks for triples where an ASCII run is long enough, because
pairs of digits are in every firm's code, and for pairs elsewhere. A gram's length tells its kind.
"""

import re
from collections.abc import Iterator, Sequence
from operator import add

from app.text.clean import key

_ASCII_RUN = re.compile(r"[0-9a-z]{3,}")
_RUN = re.compile(r"[0-9a-z]+|[^0-9a-z]+")


def _pairs(text: str) -> Iterator[str]:
    # Twice as fast as slicing, and this runs for every firm of an import.
    return map(add, text, text[1:])


def _triples(text: str) -> Iterator[str]:
    return map(add, _pairs(text), text[2:])


def index_grams(document_fields: Sequence[str]) -> list[str]:
    """All grams of a document, in order of first appearance. Grams never span two fields."""
    grams: list[str] = []
    for field in document_fields:
        text = key(field)
        grams += _pairs(text)
        for run in [text] if text.isascii() else _ASCII_RUN.findall(text):
            grams += _triples(run)
    return list(dict.fromkeys(grams))


def query_grams(q: str) -> list[str]:
    """Grams that every document containing `q` has; empty when `q` has fewer than two letters to search by."""
    text = key(q)
    if len(text) < 2:
        return []
    grams: dict[str, None] = {}
    end = ""
    for run in _RUN.findall(text):
        if end:
            grams[end + run[0]] = None
        grams.update(dict.fromkeys(_triples(run) if len(run) > 2 and run.isascii() else _pairs(run)))
        end = run[-1]
    return list(grams)
