"""Signing in by another server: OpenID Connect's authorization code with PKCE, state and nonce, and nothing else of it.

What it says is believed after its signature, its issuer, that it is for us, for this sign-in and not too old.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson

from app.config import Settings
from app.errors import AppError
from app.outbox.fetching import Answer, Poster
from app.vault import Unreadable, vault_of

# What reads signatures comes with the first that is to be read: most houses have no other server to sign in by.
if TYPE_CHECKING:
    from joserfc.jwk import KeySet

CALLBACK = "/sign-in/oidc/callback"
STANDS = timedelta(minutes=10)  # from leaving for the other server to coming back
_KNOWN_FOR = timedelta(hours=1)
_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
_LEEWAY = 60  # seconds that clocks may differ
_ABOUT = "oidc"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_AT_ONCE = 4


class ProviderAway(AppError):
    status = 502
    title = "统一身份认证暂时不可用"

    def __init__(self) -> None:
        super().__init__("统一身份认证的服务器没有答复，或答复不对；请稍后再试，或用口令登录。")


class NotBelieved(AppError):
    status = 401
    title = "没有登录成功"

    def __init__(self) -> None:
        super().__init__("统一身份认证送回的内容核对不上，或已经超过时间；请重新登录。")


@dataclass(frozen=True, slots=True)
class Errand:
    """What the browser carries, sealed, while it is away."""

    state: str
    nonce: str
    verifier: str
    next: str
    since: int  # seconds of the epoch


@dataclass(frozen=True, slots=True)
class Identity:
    issuer: str
    subject: str
    name: str  # as the other server calls the person: shown, never believed


def seal(settings: Settings, errand: Errand) -> str:
    sealed = vault_of(settings).seal(orjson.dumps(asdict(errand)), about=_ABOUT)
    return base64.urlsafe_b64encode(sealed).decode()


def unseal(settings: Settings, carried: str, *, at: datetime) -> Errand:
    """Raises NotBelieved."""
    try:
        plain = vault_of(settings).open(base64.urlsafe_b64decode(carried), about=_ABOUT)
    except (Unreadable, ValueError) as error:
        raise NotBelieved from error
    errand = Errand(**orjson.loads(plain))
    if not 0 <= at.timestamp() - errand.since <= STANDS.total_seconds():
        raise NotBelieved
    return errand


class Provider:
    """The other server, as it describes itself; asked again after an hour, or for a key that is not known yet."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._poster = Poster(inside=True)  # its address is set by whoever runs the house
        self._busy = asyncio.Semaphore(_AT_ONCE)
        self._described: tuple[datetime, dict[str, Any], KeySet] | None = None

    async def leave(self, next: str, *, at: datetime) -> tuple[str, Errand]:
        """The address to send the browser to. Raises ProviderAway."""
        found, _ = await self._description(at)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        errand = Errand(state, nonce, verifier, next, int(at.timestamp()))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(errand.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._back,
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        place = str(found["authorization_endpoint"])
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", errand

    @property
    def _back(self) -> str:
        return self._settings.base_url.rstrip("/") + CALLBACK

    async def identify(self, errand: Errand, *, state: str, code: str, issuer: str, at: datetime) -> Identity:
        """`issuer`: what came along with the code, where anything did (RFC 9207). Raises NotBelieved, ProviderAway."""
        from joserfc.errors import JoseError  # noqa: PLC0415

        ours = self._settings.oidc_issuer
        if not hmac.compare_digest(state.encode(), errand.state.encode()) or not code or issuer not in ("", ours):
            raise NotBelieved
        found, keys = await self._description(at)
        answer = await self._redeem(str(found["token_endpoint"]), code, errand.verifier)
        token = str(answer.get("id_token", ""))
        try:
            claims = self._read(token, keys, errand.nonce, at)
        except JoseError:
            # Perhaps signed with a key that came after we had looked.
            _, keys = await self._description(at, anew=True)
            try:
                claims = self._read(token, keys, errand.nonce, at)
            except (JoseError, ValueError) as error:
                raise NotBelieved from error
        except ValueError as error:
            raise NotBelieved from error
        return Identity(ours, str(claims["sub"])[:255], str(claims.get("name", ""))[:60])

    def _read(self, token: str, keys: "KeySet", nonce: str, at: datetime) -> dict[str, Any]:
        from joserfc import jwt  # noqa: PLC0415

        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        me = self._settings.oidc_client_id
        registry = jwt.JWTClaimsRegistry(
            now=int(at.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": me},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        registry.validate(claims)
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != me:
            raise ValueError("meant for somebody else")
        return claims

    async def _redeem(self, place: str, code: str, verifier: str) -> Mapping[str, Any]:
        s = self._settings
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._back, "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if secret := s.oidc_client_secret.get_secret_value():
            # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote(s.oidc_client_id, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form["client_id"] = s.oidc_client_id
        async with self._busy:
            answer = await self._asked(self._poster.post(place, urlencode(form).encode(), headers))
        if answer.status in (400, 401):
            raise NotBelieved
        return _json(answer)

    async def _description(self, at: datetime, *, anew: bool = False) -> "tuple[dict[str, Any], KeySet]":
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        known = self._described
        if known and at - known[0] < (timedelta(minutes=1) if anew else _KNOWN_FOR):
            return known[1:]
        async with self._busy:
            where = f"{self._settings.oidc_issuer}/.well-known/openid-configuration"
            found = _json(await self._asked(self._poster.get(where)))
            named = all(isinstance(found.get(name), str) for name in _ENDPOINTS)
            if found.get("issuer") != self._settings.oidc_issuer or not named:
                raise ProviderAway
            keys = _json(await self._asked(self._poster.get(found["jwks_uri"])))
        try:
            described = (at, found, KeySet.import_key_set(keys))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderAway from error
        self._described = described
        return described[1:]

    async def _asked(self, asking: Any) -> Answer:
        try:
            answer: Answer = await asking
        except (OSError, ValueError, TimeoutError, HTTPException) as error:
            raise ProviderAway from error
        return answer


def _json(answer: Answer) -> dict[str, Any]:
    try:
        said = orjson.loads(answer.body) if answer.status == 200 else None
    except ValueError as error:
        raise ProviderAway from error
    if not isinstance(said, dict):
        raise ProviderAway
    return said
