import uuid
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Long, Short


class EntryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_: Short = Field(alias="from", description="希望入驻的日期")
    area: Short | None = Field(None, description="要多大的房间，平方米；与 seats 至少填一项")
    seats: int | None = Field(None, ge=1, le=1_000)
    business: Long = Field(description="主营产品和技术")
    stage_target: Long = ""
    contact: Short = Field(description="联系人和电话")


class AcceptIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    space: Short = Field(description="房间的编号（id）")
    from_: Short = Field(alias="from")
    to: Short | None = Field(None, description="租期的最后一天（含）；缺省为没有约定")
    seats: int = Field(1, ge=1, le=100_000)
    incubates: bool = Field(True, description="计为在孵；false 为普通租户")
    special_field: Short | None = None
    rent_reduced: bool = False
    agreement_no: Short = ""
    ground: Long = Field("", description="不符合在孵条件、仍按在孵办理的依据")


class DeclineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Short = Field(description="企业看得到")


class EntryOut(BaseModel):
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    uscc: str
    firm_name: str
    from_: date = Field(alias="from")
    area: str | None
    seats: int | None
    business: str
    stage_target: str
    contact: str
    found: dict[str, Any] | None = Field(description="提出时对照在孵条件的结果，不含企业的数")
    state: str = Field(description="waiting、admitted、declined、withdrawn")
    asked_at: datetime
    closes_on: date
    answer: str
    tenancy_id: uuid.UUID | None


class EntryList(BaseModel):
    items: list[EntryOut]
    next: str | None
