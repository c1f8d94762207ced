"""Collections and statistics as the API sends and takes them. Amounts are in 元, whatever the forms say."""

import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Long, Short


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoundIn(_In):
    period: Short = Field(description="2026、2026Q3、2026M11；众创空间另有 2026H1（上半年）")
    due_on: Short = Field(description="请企业哪天前确认")


class RoundOut(BaseModel):
    id: uuid.UUID
    carrier_id: uuid.UUID
    period: str
    due_on: date
    owing: int
    answered: int
    closed_at: datetime | None
    version: int


class RoundList(BaseModel):
    items: list[RoundOut]
    next: None = None


class GivenOut(BaseModel):
    id: uuid.UUID
    uscc: str | None
    team: str | None
    state: str = Field(description="waiting、answered、exempt")
    figures: dict[str, str] = Field(description="企业确认给载体的数，金额为元；没有报的为空")
    answered_at: datetime | None
    chases: int
    version: int


class RoundDetail(RoundOut):
    answers: list[GivenOut]


class OwedOut(BaseModel):
    id: uuid.UUID
    carrier: str
    period: str
    due_on: date
    open: bool
    state: str
    figures: dict[str, str] = Field(description="已报的；没有报过的是本系统已知的，等您确认")
    items: dict[str, str] = Field(description="要报的栏目：代码和名称")
    version: int


class OwedList(BaseModel):
    items: list[OwedOut]
    next: None = None


class GiveIn(_In):
    figures: dict[str, str] = Field(description="按代码，金额为元，一项也不能少")
    note: Long = ""


class EnterIn(_In):
    figures: dict[str, str] = Field(description="按代码，金额为元，一项也不能少")
    basis: Long = Field(description="依据，如谁在哪天给的哪份表")


class ExcuseIn(_In):
    reason: Long = Field(description="为什么不用报")


class ChasedOut(BaseModel):
    told: int
    today_already: int = Field(description="今天已经催过的")
    no_account: int = Field(description="没有填报账号的")


class CloseIn(_In):
    despite: Long = Field("", description="还有没报或对不上的，仍要关账的理由")


class LineOut(BaseModel):
    code: str
    label: str
    unit: str
    counted: str = Field(description="数出来的；只有载体知道的为空")
    value: str
    reason: str = Field(description="改数的原因")


class CorrectionIn(_In):
    code: Short
    value: Short = Field(description="按表的单位，金额为千元")
    reason: Long = Field("", description="改数出来的数的原因")


class CorrectIn(_In):
    lines: list[CorrectionIn] = Field(min_length=1, max_length=100)


class ProblemOut(BaseModel):
    sentence: str
    hard: bool = Field(description="true 须改正，false 请核对")


class StatisticsOut(BaseModel):
    """按表的顺序；金额为千元，与表一致。"""

    title: str
    note: str
    lines: list[LineOut]
    head: list[str]
    rows: list[list[str]] = Field(description="各企业，按 head 的顺序")
    problems: list[ProblemOut]
