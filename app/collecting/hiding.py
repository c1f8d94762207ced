"""How a tenant's people are reached, sealed: in its answer and every version of it, and in a closed form."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.collecting.items import BY_CODE
from app.errors import Conflict
from app.personal.terms import KEYS, Kind
from app.sealed import UNREADABLE, seal, shown
from app.vault import Vault

_ANSWER, _FORM = "collection_answers.phone", "collection_rounds.phone"
# The codes under which a tenant is reached, and what their columns are headed in the tenants' form.
REACHED = tuple(code for code, kind in KEYS.items() if kind is Kind.PHONE and code in BY_CODE)
HEADS = frozenset(f"{BY_CODE[code].no} {BY_CODE[code].label}" for code in REACHED)


def hidden(vault: Vault, answer_id: uuid.UUID, figures: Mapping[str, str]) -> dict[str, str]:
    """Raises Conflict for what could not be opened: it is nobody's number."""
    return _figures(figures, lambda said: seal(vault, _ANSWER, answer_id, _known(said)))


def opened(vault: Vault, answer_id: uuid.UUID, figures: Mapping[str, str]) -> dict[str, str]:
    return _figures(figures, lambda said: shown(vault, said, column=_ANSWER, row=answer_id))


def form_hidden(vault: Vault, round_id: uuid.UUID, form: Mapping[str, Any]) -> dict[str, Any]:
    """Each cell is bound to its line of its form. Raises Conflict as `hidden` does."""
    return _form(form, lambda n, said: seal(vault, _FORM, f"{round_id}/{n}", _known(said)))


def form_opened(vault: Vault, round_id: uuid.UUID, form: Mapping[str, Any]) -> dict[str, Any]:
    return _form(form, lambda n, said: shown(vault, said, column=_FORM, row=f"{round_id}/{n}"))


def _known(said: str) -> str:
    if said == UNREADABLE:
        raise Conflict("有电话用现在的密钥打不开，没有保存；请改填电话，或告诉系统管理员。")
    return said


def _figures(figures: Mapping[str, str], change: Callable[[str], str]) -> dict[str, str]:
    return {**figures, **{code: change(figures[code]) for code in REACHED if figures.get(code)}}


def _form(form: Mapping[str, Any], change: Callable[[int, str], str]) -> dict[str, Any]:
    places = {n for n, head in enumerate(form.get("head", ())) if head in HEADS}
    rows: Sequence[Sequence[str]] = form.get("rows", ())
    if not places:
        return dict(form)
    changed = [[change(n, c) if p in places else c for p, c in enumerate(row)] for n, row in enumerate(rows)]
    return {**form, "rows": changed}
