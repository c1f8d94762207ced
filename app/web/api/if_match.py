"""The version that a program has read, as it says it with If-Match."""

from typing import Annotated

from fastapi import Header

from app.errors import PreconditionRequired, Stale

IfMatch = Annotated[str | None, Header(max_length=80, description="读取时得到的 ETag；不符时回答 412")]


def version_of(if_match: str | None) -> int | None:
    """The tag of a reading; one that was never given is stale like any old one."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not tag.isascii() or not tag.isdigit() or len(tag) > 9:
        raise Stale("If-Match 不是读取时得到的 ETag，请重新读取后再改。")
    return int(tag)


def version_needed(if_match: str | None) -> int:
    """Raises PreconditionRequired where none is named."""
    version = version_of(if_match)
    if version is None:
        raise PreconditionRequired("这一步须带 If-Match，值为读取时得到的 ETag。")
    return version
