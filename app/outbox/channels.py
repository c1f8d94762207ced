"""How messages leave the house: mail through SMTP."""

import uuid
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.config import Settings
from app.outbox.deliver import SEND_SECONDS, Claimed, NoWayOut, PermanentFailure
from app.outbox.links import link_address


class Channels:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def hand_over(self, message: Claimed) -> str:
        if not self._settings.smtp_url:
            raise NoWayOut("没有设置发信服务器（TIDU_SMTP_URL），设置后自动发出")
        if not message.address:
            raise PermanentFailure("收件人没有邮箱或已停用")
        letter = EmailMessage()
        letter["From"] = self._settings.mail_from
        letter["To"] = message.address
        # One line, whatever a firm's name holds: a line break would begin a header of its own.
        letter["Subject"] = " ".join(str(message.payload.get("subject", "梯度")).split())
        # The same id on every try, so that a repeat after a crash is recognised as one.
        letter["Message-ID"] = f"<{message.id}@tidu>"
        letter.set_content(self._body(message.payload))
        url = urlsplit(self._settings.smtp_url)
        try:
            _, answer = await aiosmtplib.send(
                letter,
                hostname=url.hostname,
                port=url.port or (465 if url.scheme == "smtps" else 25),
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password) if url.password else None,
                use_tls=url.scheme == "smtps",
                timeout=SEND_SECONDS,
            )
        except aiosmtplib.SMTPResponseException as error:
            if 500 <= error.code < 600:
                raise PermanentFailure(f"{error.code} {error.message}") from error
            raise
        return answer

    def _body(self, payload: Mapping[str, Any]) -> str:
        """What was written, with the secret link at its place; the link is made now and kept nowhere."""
        body = str(payload.get("body", ""))
        link = payload.get("link")
        if not isinstance(link, Mapping):
            return body
        return body.replace("{link}", link_address(self._settings, link["use"], uuid.UUID(link["id"])), 1)
