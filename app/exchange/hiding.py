"""What a row of an upload says of how a person is reached, sealed for as long as the row is kept."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from app.sealed import seal, shown
from app.vault import Vault

_COLUMN = "import_rows.kept"
_REACHED = frozenset({"contacts", "contact_phone", "phone", "email"})
_SAID = ("before", "after", "sentence")


def hidden(vault: Vault, batch_id: uuid.UUID, row: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{batch_id}/{row['row_no']}"
    return _changed(row, lambda text: seal(vault, _COLUMN, where, text))


def opened(vault: Vault, batch_id: uuid.UUID, row: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{batch_id}/{row['row_no']}"
    return _changed(row, lambda text: shown(vault, text, column=_COLUMN, row=where))


def _changed(row: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    done = dict(row)
    for name in ("changes", "messages"):
        if done.get(name):
            done[name] = [_of_field(item, change) for item in done[name]]
    if values := done.get("values"):
        done["values"] = _values(values, change)
    return done


def _of_field(item: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    if item.get("field") not in _REACHED:
        return dict(item)
    return {k: change(v) if k in _SAID and v else v for k, v in item.items()}


def _values(values: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    done = dict(values)
    if contact := done.get("contact"):
        done["contact"] = [contact[0], change(contact[1]) if contact[1] else contact[1]]
    said = done.get("values") or {}
    if said.keys() & _REACHED:
        done["values"] = {k: change(v) if k in _REACHED and v else v for k, v in said.items()}
    if done.get("messages"):
        done["messages"] = [_of_field(item, change) for item in done["messages"]]
    return done
