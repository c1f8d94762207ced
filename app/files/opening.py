"""The file store that the installation is set up with."""

from app.config import Settings
from app.files.store import Files, FileStore


def open_store(settings: Settings) -> Files:
    if not settings.in_bucket:
        return FileStore(settings.file_root)
    # Only here: its library takes a good part of a second that most installations need not wait.
    from app.files.objects import ObjectStore  # noqa: PLC0415

    return ObjectStore(settings.file_store)
