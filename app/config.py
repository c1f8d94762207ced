from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
SEEDS = ROOT / "seeds"
MIGRATIONS = ROOT / "migrations"


class Settings(BaseSettings):
    """Everything the environment may set (prefix TIDU_). Built at the edges and handed down."""

    model_config = SettingsConfigDict(env_prefix="TIDU_", extra="ignore")

    database_url: str = ""
    data: Path = Path(".tidu")
    secret_key: SecretStr = SecretStr("")
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str = ""
    mail_from: str = "tidu@localhost"
    file_store: str = ""
    log_format: Literal["text", "json"] = "text"
    timezone: Literal["Asia/Shanghai"] = "Asia/Shanghai"
    pool_size: int = Field(default=16, ge=2, le=200)
    idle_minutes: int = Field(default=30, ge=5, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=7 * 24)
    cheap_passwords: bool = False  # for test suites: a real hash takes a good part of a second

    @property
    def file_root(self) -> Path:
        return Path(self.file_store) if self.file_store else self.data / "files"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")
