import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Long, Short


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DisagreementIn(_In):
    """One of the two: a tenancy that is not the firm's, or a carrier that does not list it."""

    tenancy: uuid.UUID | None = Field(None, description="登记为本企业、而企业不在里面的租约")
    carrier: uuid.UUID | None = Field(None, description="企业在里面、名单里没有的载体")
    words: Long = Field(description="哪里不对；载体和主管部门看得到")


class WordsIn(_In):
    words: Long


class DisagreementOut(BaseModel):
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier: str
    uscc: str
    firm: str
    kind: str = Field(description="not_there、not_listed、address、gone")
    evidence: str = Field(description="登记的地址或状态；企业自己提出的为空")
    firm_word: str
    carrier_word: str
    bureau_word: str
    opened_by: str
    opened_at: datetime
    state: str = Field(description="open、settled")
    settled_by: str
    settled_at: datetime | None
    result: str
    version: int


class DisagreementList(BaseModel):
    items: list[DisagreementOut]
    next: str | None


class CheckOut(BaseModel):
    opened: int
    settled: int = Field(description="已经一致、自行了结的")


class AfterIn(_In):
    where: Short = Field(description="here、near、away、closed")
    revenue: Short | None = Field(None, description="元")
    staff: int | None = Field(None, ge=0, le=10_000_000)
    note: Short = ""


class WordOut(BaseModel):
    speaker: str = Field(description="谁说的：firm、carrier、bureau；主管部门问到的，载体看不到")
    author: str
    where: str
    revenue: str | None
    staff: int | None
    note: str
    recorded_at: datetime
    version: int


class AfterOut(BaseModel):
    nth: int
    due_on: date
    year: int
    due: bool
    where: str | None
    revenue: str | None
    staff: int | None
    tier: str | None
    source: str = Field(description="空：还没有人知道")
    words: list[WordOut]


class GraduateOut(BaseModel):
    tenancy_id: uuid.UUID
    carrier_id: uuid.UUID
    carrier: str
    uscc: str
    firm: str
    graduated_on: date
    document: str
    years: list[AfterOut]


class GraduateList(BaseModel):
    items: list[GraduateOut]
    next: str | None


class OwnTenancyOut(BaseModel):
    """As the firm itself reads it: nothing that its operator notes about it."""

    model_config = ConfigDict(populate_by_name=True)

    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier: str
    operator: str = Field(description="载体的运营机构")
    place: str
    seats: int
    from_: date = Field(alias="from")
    to: date | None
    incubating_since: date | None
    months_used: int | None = Field(description="在这类载体里已满的月数")
    limit_months: int | None
    limit_basis: str
    agreement_no: str
    agreement_on: date | None
    stage_target: str
    ended_on: date | None
    end_reason: str | None


class OwnTenancyList(BaseModel):
    items: list[OwnTenancyOut]
    next: str | None
