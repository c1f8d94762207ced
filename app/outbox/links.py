"""Secret links in letters. Their token is made from an id under the house's key at the moment the letter leaves: a
letter that waits holds no secret, and no table has more than the token's hash."""

import base64
import hmac
import uuid

from app.config import Settings

# By the use that a link is for: where it leads.
PLACES = {"join": "/join", "password": "/new-password"}


def link_token(settings: Settings, use: str, link_id: uuid.UUID) -> str:
    secret = settings.secret_key.get_secret_value().encode()
    drawn = hmac.digest(secret, f"link:{use}:{link_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(drawn).decode().rstrip("=")


def link_address(settings: Settings, use: str, link_id: uuid.UUID) -> str:
    return f"{settings.base_url.rstrip('/')}{PLACES[use]}/{link_token(settings, use, link_id)}"
