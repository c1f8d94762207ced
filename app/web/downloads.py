"""Files that leave the house: always as an attachment, under a name that every browser reads."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi import Response
from starlette.responses import StreamingResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
YAML = "application/yaml"


def _headers(name: str) -> dict[str, str]:
    """RFC 6266: the name in UTF-8, and a plain one for those who cannot read it."""
    plain = "tidu" + name[name.rfind(".") :]
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
    }


def attachment(data: bytes, name: str, media_type: str) -> Response:
    return Response(data, media_type=media_type, headers=_headers(name))


def streamed(chunks: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    return StreamingResponse(chunks, media_type=media_type, headers=_headers(name))
