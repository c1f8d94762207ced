"""Certificates as the API sends and takes them."""

import uuid
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.api.schemas import Short

Reason = Annotated[str, StringConstraints(max_length=1000)]


class CertificateIn(BaseModel):
    kind: Short = Field(
        description="hnte、tech_sme、innovative_sme、srdi、little_giant、manufacturing_champion", examples=["hnte"]
    )
    number: Short
    issued_on: Short
    expires_on: Short | None = Field(None, description="有效期止；高企可省略，按三年计算")
    revoked_on: Short | None = Field(None, description="撤销日期；未被撤销的不填")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"kind": "hnte", "number": "GR202444001234", "issued_on": "2024-11-28"}},
    )


class CertificateOut(BaseModel):
    id: uuid.UUID
    kind: str
    number: str
    issued_on: date
    expires_on: date
    revoked_on: date | None
    state: str


class CertificateList(BaseModel):
    items: list[CertificateOut]
    next: str | None


class RevocationIn(BaseModel):
    revoked_on: Short
    reason: Reason = Field(description="依据，如公告的文号")

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"revoked_on": "2026-06-01", "reason": "公告名称或文号"}}
    )


class StrikeIn(BaseModel):
    reason: Reason = Field(description="怎么发现登记有误的")

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "编号录错"}})
