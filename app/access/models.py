import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.access.sign_in_terms import PasswordProfile, ResetState
from app.access.terms import Power, Role
from app.db import Base

_POWERS = ", ".join(f"'{p.value}'" for p in Power)
_ROLES = ", ".join(f"'{r.value}'" for r in Role)
_PROFILES = ", ".join(f"'{p.value}'" for p in PasswordProfile)
_STATES = ", ".join(f"'{s.value}'" for s in ResetState)


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(f"role IN ({_ROLES})", name="role"),
        CheckConstraint(f"power IN ({_POWERS})", name="power"),
        CheckConstraint("NOT (active AND awaits_grant)", name="awaits_grant"),
        CheckConstraint("email = '' OR starts_with(email, 'sealed:')", name="email_sealed"),
        Index("uq_users_signatory", "firm_id", unique=True, postgresql_where=text("signatory")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    power: Mapped[str] = mapped_column(server_default="sole")
    awaits_grant: Mapped[bool] = mapped_column(server_default=text("false"))  # see app.access.powers
    # Administrative division prefix: 440783 sees 440783115. Empty sees nothing, except for roles bound otherwise.
    scope: Mapped[str] = mapped_column(server_default="")
    unit: Mapped[str] = mapped_column(server_default="")
    firm_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("firms.id", use_alter=True), index=True)
    carrier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carriers.id", use_alter=True), index=True)
    email: Mapped[str | None]  # sealed, see app.sealed
    signatory: Mapped[bool] = mapped_column(server_default=text("false"))  # signs for the firm: one account of each
    password_hash: Mapped[str]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    password_changed_at: Mapped[datetime | None]  # None: never since the account was opened
    password_expires_at: Mapped[datetime | None]  # of a one-time password, see app.access.rules
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    valid_until: Mapped[datetime | None]  # from then on it opens nothing; None: until somebody disables it
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]


class UserSession(Base):
    """A signed-in browser. Only the SHA-256 of the cookie is kept: a stolen table signs nobody in."""

    __tablename__ = "user_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ip: Mapped[str]
    user_agent: Mapped[str]
    revoked_at: Mapped[datetime | None]


class ApiToken(Base):
    __tablename__ = "api_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    label: Mapped[str] = mapped_column(server_default="")  # which program it is for
    used_at: Mapped[datetime | None]
    read_only: Mapped[bool] = mapped_column(server_default=text("false"))


class CalendarFeed(Base):
    """The secret in the address that a person's calendar program reads; it opens nothing else."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        Index("uq_calendar_feeds_current", "user_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInAttempt(Base):
    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_login_at", "login", "at"),
        Index("ix_sign_in_attempts_ip_at", "ip", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    login: Mapped[str]
    ip: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool]
    device: Mapped[bytes | None] = mapped_column(LargeBinary)  # a known device of this account, and of no other


class PasswordLink(Base):
    """Somebody has asked to choose a new password. Kept for a login that nobody has as well, without a person: so that
    the answer takes as long, and so that asking is counted. Only the hash of the link's token is kept."""

    __tablename__ = "password_links"
    __table_args__ = (
        Index("ix_password_links_login_created", "login", "created_at"),
        Index("ix_password_links_ip_created", "ip", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    login: Mapped[str]  # as it was typed
    ip: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # used, or the password was changed in another way


class IdempotencyKey(Base):
    """The first answer to a write, replayed when the same key comes again."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, str] | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Base):
    """Somebody's authenticator. A new one waits in `pending` while the old one still counts."""

    __tablename__ = "second_factors"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed, see app.vault
    confirmed_at: Mapped[datetime | None]
    pending: Mapped[bytes | None] = mapped_column(LargeBinary)
    pending_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # codes up to here are used up
    wrong: Mapped[int] = mapped_column(server_default=text("0"))  # codes in a row
    wrong_at: Mapped[datetime | None]


class RecoveryCode(Base):
    __tablename__ = "recovery_codes"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HalfSignIn(Base):
    """A browser whose password was right and whose code is still to come. It opens nothing else."""

    __tablename__ = "half_sign_ins"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class FactorReset(Base):
    """One asks that somebody's authenticator be taken away, another does it."""

    __tablename__ = "factor_resets"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("uq_factor_resets_waiting", "user_id", unique=True, postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str]
    asker_id: Mapped[uuid.UUID]
    asker_name: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="waiting")
    decider_name: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]


class SignInRules(Base):
    """What the security administrator has decided for everybody; without a row the house's defaults hold."""

    __tablename__ = "sign_in_rules"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint(f"profile IN ({_PROFILES})", name="profile"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    factor_roles: Mapped[list[str]] = mapped_column(ARRAY(Text))  # who must have a second factor
    one_session: Mapped[bool]
    profile: Mapped[str]  # what is asked of passwords
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changer_name: Mapped[str]


class KnownDevice(Base):
    """A browser somebody has signed in from: only the hash of what its cookie says."""

    __tablename__ = "known_devices"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class FormerPassword(Base):
    """The last few of an account, so that they are not taken again."""

    __tablename__ = "former_passwords"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    password_hash: Mapped[str]
    ended_at: Mapped[datetime]


class LinkedIdentity(Base):
    """Who of another server's people an account is: bound by an administrator, never by what that server says."""

    __tablename__ = "linked_identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    linked_at: Mapped[datetime]
    linker_name: Mapped[str]


class AccessDenial(Base):
    """How often an account was told 403 within an hour: one row, however often that was."""

    __tablename__ = "access_denials"
    __table_args__ = (Index("ix_access_denials_hour", "hour"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    times: Mapped[int]
    last_at: Mapped[datetime]
    last_place: Mapped[str]  # the route, never what was typed
