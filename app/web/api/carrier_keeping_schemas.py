import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Short


class CarrierTitleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: Short = Field(description="national、provincial、municipal、county")
    name: Short
    document: Short = Field("", description="文号")
    issued_on: Short
    valid_until: Short | None = Field(None, description="长期有效的不写")


class CarrierTitleOut(BaseModel):
    id: uuid.UUID
    level: str
    name: str
    document: str
    issued_on: date
    valid_until: date | None


class CarrierTitleList(BaseModel):
    items: list[CarrierTitleOut]
    next: str | None


class CarrierDutyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    what: Short
    due_on: Short
    basis: Short = ""


class CarrierDutyOut(BaseModel):
    id: uuid.UUID
    kind: str = Field(description="change_report、review、statistics、other")
    what: str
    due_on: date
    basis: str
    done_on: date | None
    done_by: str


class CarrierDutyList(BaseModel):
    items: list[CarrierDutyOut]
    next: str | None


class CarrierChangeOut(BaseModel):
    changed_on: date
    what: str
    before: str
    after: str
    by: str
    at: datetime


class CarrierChangeList(BaseModel):
    items: list[CarrierChangeOut]
    next: str | None
