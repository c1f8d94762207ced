import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Short


class TitleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: Short = Field(description="national、provincial、municipal、county")
    name: Short
    document: Short = Field("", description="文号")
    issued_on: Short
    valid_until: Short | None = Field(None, description="长期有效的不写")


class TitleOut(BaseModel):
    id: uuid.UUID
    level: str
    name: str
    document: str
    issued_on: date
    valid_until: date | None


class TitleList(BaseModel):
    items: list[TitleOut]
    next: str | None


class DutyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    what: Short
    due_on: Short
    basis: Short = ""


class DutyOut(BaseModel):
    id: uuid.UUID
    kind: str = Field(description="change_report、review、statistics、other")
    what: str
    due_on: date
    basis: str
    done_on: date | None
    done_by: str


class DutyList(BaseModel):
    items: list[DutyOut]
    next: str | None


class ChangeOut(BaseModel):
    changed_on: date
    what: str
    before: str
    after: str
    by: str
    at: datetime


class ChangeList(BaseModel):
    items: list[ChangeOut]
    next: str | None
