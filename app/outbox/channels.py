"""Where messages go: the inbox inside the house, and mail through SMTP."""

from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
from sqlalchemy import text

from app.config import Settings
from app.db import Database
from app.outbox.deliver import Claimed, PermanentFailure
from app.outbox.terms import Channel

_SEND_SECONDS = 20


class Channels:
    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database

    async def hand_over(self, message: Claimed) -> str:
        if message.channel is Channel.INBOX or not self._settings.smtp_url:
            return "站内"
        return await self._mail(message)

    async def _mail(self, message: Claimed) -> str:
        async with self._database.reading() as conn:
            address = (
                await conn.execute(text("SELECT email FROM users WHERE id = :id AND active"), {"id": message.user_id})
            ).scalar_one_or_none()
        if not address:
            raise PermanentFailure("收件人没有邮箱或已停用")
        letter = EmailMessage()
        letter["From"] = self._settings.mail_from
        letter["To"] = address
        # One line, whatever a firm's name holds: a line break would begin a header of its own.
        letter["Subject"] = " ".join(str(message.payload.get("subject", "梯度")).split())
        # The same id on every try, so that a repeat after a crash is recognised as one.
        letter["Message-ID"] = f"<{message.id}@tidu>"
        letter.set_content(str(message.payload.get("body", "")))
        url = urlsplit(self._settings.smtp_url)
        try:
            _, answer = await aiosmtplib.send(
                letter,
                hostname=url.hostname,
                port=url.port or (465 if url.scheme == "smtps" else 25),
                username=unquote(url.username) if url.username else None,
                password=unquote(url.password) if url.password else None,
                use_tls=url.scheme == "smtps",
                timeout=_SEND_SECONDS,
            )
        except aiosmtplib.SMTPResponseException as error:
            if 500 <= error.code < 600:
                raise PermanentFailure(f"{error.code} {error.message}") from error
            raise
        return answer
