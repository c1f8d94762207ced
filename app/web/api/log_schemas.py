"""The operator's logs as the API sends and takes them."""

import uuid
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.carrier_schemas import Loose
from app.web.api.schemas import Long, Short

_SORTS = (
    "服务：tutoring、financing、technology、legal、property、talent、applying、other；"
    "活动：activity、training、roadshow；投资：own_fund、angel、venture、other_equity、debt"
)


class LogIn(BaseModel):
    """这一种不问的栏目不读。"""

    model_config = ConfigDict(extra="forbid")

    on: Short = Field(description="日期；导师为聘任日期，投资为到账日期")
    title: Short = Field(description="服务内容、活动名称、导师姓名、投资方")
    sort: Short = Field("", description=_SORTS)
    holder: Short = Field("", description="企业的信用代码，或团队的名称；须在这个载体入驻过")
    mentor: Short = Field("", description="辅导的导师：编号或姓名")
    party: Short = ""
    people: Loose | None = None
    amount: Short = Field("", description="元；投资必填")
    until: Short | None = Field(None, description="导师的聘期止")
    note: Long = ""


class LogOut(BaseModel):
    id: uuid.UUID
    kind: str
    on: date
    title: str
    sort: str | None
    uscc: str | None
    holder: str | None = Field(description="企业或团队的名称")
    mentor: str | None
    party: str
    people: int | None
    amount: str | None = Field(description="元")
    until: date | None
    note: str
    version: int


class LogList(BaseModel):
    items: list[LogOut]
    next: str | None


class CountsOut(BaseModel):
    services: int
    served: int = Field(description="服务过的企业和团队，一家只算一次")
    activities: int
    trainings: int
    people: int
    investments: int
    financed: int = Field(description="获投的企业和团队，一家只算一次")
    amount: str = Field(description="元")
    mentors: int = Field(description="期末在聘的导师")


class MonthCounts(CountsOut):
    month: date


class YearCounts(BaseModel):
    year: int
    months: list[MonthCounts] = Field(description="没有记录的月份不列")
    total: CountsOut
