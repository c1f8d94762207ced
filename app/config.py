import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
SEEDS = ROOT / "seeds"
MIGRATIONS = ROOT / "migrations"
SHORTEST_KEY = 32  # characters
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.-]+)*/?", re.ASCII)
SHORTEST_TRAIL = 184  # days: six months of the calendar at their longest (网络安全法, 网络日志留存不少于六个月)


class Settings(BaseSettings):
    """Everything the environment may set (prefix TIDU_). Built at the edges and handed down."""

    model_config = SettingsConfigDict(env_prefix="TIDU_", extra="ignore")

    database_url: str = ""
    data: Path = Path(".tidu")
    secret_key: SecretStr = SecretStr("")
    encryption_keys: SecretStr = SecretStr("")  # of what is kept sealed, see app.vault; newest first
    base_url: str = "http://127.0.0.1:8000"
    oidc_issuer: str = ""  # single sign-on; without it there is none
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")  # empty: a public client, which PKCE alone protects
    oidc_name: str = "统一身份认证"  # on the sign-in page
    smtp_url: str = ""
    mail_from: str = "tidu@localhost"
    sms_url: str = ""  # an HTTP gateway, see docs/sms.md; without it no text message is offered
    sms_secret: SecretStr = SecretStr("")
    file_store: str = ""  # a directory, or s3://bucket/prefix; empty: in the data directory
    clamd: str = ""  # host:port or a socket's path; without it uploads are kept unscanned
    fonts: str = ""  # a directory with a Chinese font, where the system has none
    log_format: Literal["text", "json"] = "text"
    trusted_proxies: str = ""  # addresses or networks, with commas; only their word for where people are is taken
    admin_addresses: str = ""  # where administrators and auditors work from, in the same form; without it anywhere
    timezone: Literal["Asia/Shanghai"] = "Asia/Shanghai"
    pool_size: int = Field(default=16, ge=2, le=200)
    idle_minutes: int = Field(default=30, ge=5, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=7 * 24)
    audit_days: int = 0  # how long the trail is kept; 0 is for ever, else at least 184
    requests_a_minute: int = Field(default=6000, ge=0)  # of one account or address, of one web process; 0: any
    cheap_passwords: bool = False  # for test suites: a real hash takes a good part of a second

    @field_validator("trusted_proxies", "admin_addresses")
    @classmethod
    def _addresses(cls, value: str) -> str:
        """Raises ValueError for anything else: a name, or "*", would let everybody say where they are."""
        for address in _listed(value):
            if ip_network(address).prefixlen == 0:
                raise ValueError("every address is no list of some")
        return value

    @field_validator("file_store")
    @classmethod
    def _directory_or_bucket(cls, value: str) -> str:
        """Raises ValueError for any other address: it would be taken for a directory of that name."""
        if "://" in value and not _BUCKET.fullmatch(value):
            raise ValueError("neither a directory nor a bucket")
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        """Raises ValueError, without the key in it, for one that could be guessed."""
        if any(len(part) < SHORTEST_KEY for part in _listed(value.get_secret_value())):
            raise ValueError("a key is too short")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _cannot_be_overheard(cls, value: str) -> str:
        """Raises ValueError for http across a network: whoever sits in between would be anybody."""
        place = urlsplit(value)
        if value and place.scheme != "https" and place.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError("the issuer is no https address")
        return value.rstrip("/")

    @field_validator("audit_days")
    @classmethod
    def _long_enough(cls, value: int) -> int:
        if value and value < SHORTEST_TRAIL:
            raise ValueError("the law wants six months")
        return value

    @property
    def proxies(self) -> list[str]:
        return _listed(self.trusted_proxies)

    def lets_administer_from(self, ip: str) -> bool:
        """GB/T 22239-2019 8.1.4.4 c): managing terminals are bounded to a range of addresses."""
        networks = [ip_network(one) for one in _listed(self.admin_addresses)]
        try:
            return not networks or any(ip_address(ip) in one for one in networks)
        except ValueError:  # a socket that says of nobody where they are
            return False

    @property
    def in_bucket(self) -> bool:
        return self.file_store.startswith("s3://")

    @property
    def file_root(self) -> Path:
        return Path(self.file_store) if self.file_store else self.data / "files"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
