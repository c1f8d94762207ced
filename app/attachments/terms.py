"""What a file may hang on. The file is reached through its object, and by whoever may see that."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.files.terms import FileKind, Scan
from app.labels import Labelled

MOST_AT_A_PLACE = 10
MOST_OF_AN_OBJECT = 80


class ObjectKind(Labelled):
    REPORT = "report", "年度填报"
    CERTIFICATE = "certificate", "证书"
    IP_RIGHT = "ip_right", "知识产权"
    VISIT = "visit", "走访"
    NEED = "need", "诉求"


@dataclass(frozen=True, slots=True)
class Target:
    """`place` is a part of the object: a section or question of a form. `firm_id` and `label` are for the trail."""

    kind: ObjectKind
    id: uuid.UUID
    firm_id: uuid.UUID
    label: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that has been looked at and lies in the store."""

    name: str
    kind: FileKind
    size: int
    sha256: str
    scan: Scan


@dataclass(frozen=True, slots=True)
class Attachment:
    id: uuid.UUID
    object_kind: ObjectKind
    object_id: uuid.UUID
    place: str
    note: str
    name: str
    size: int
    kind: FileKind
    scan: Scan
    sha256: str
    created_at: datetime
    created_by: uuid.UUID | None
    creator_name: str
    removed_at: datetime | None
