"""Carriers, spaces and tenancies as the API sends and takes them. Days are inclusive on both ends."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints

from app.web.api.schemas import Long, Short

_LATE = "为什么现在才登记：早于约定的租期止、又不是今天或昨天的必填"
Late = Annotated[Long, Field(description=_LATE)]
Loose = Annotated[str, StringConstraints(max_length=200)] | int | float  # 3, 3.5 or "3层"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class CarrierIn(_In):
    name: Short
    kind: Short = Field(description="makerspace、incubator、accelerator、industrial_park、agri_maker")
    level: Short = Field("county", description="national、provincial、municipal、county")
    region_code: Short = Field(
        "", description="所在镇街的代码；缺省为本人的管辖范围", validation_alias=AliasChoices("region_code", "region")
    )
    park: Short = ""
    operator: Short = ""
    address: Short = ""
    focus: Short = Field("", description="专业载体的领域；综合的留空")
    opened_on: Short | None = None
    contact_name: Short = ""
    contact_phone: Short = ""
    remark: Long = ""
    area_total: Loose | None = Field(None, description="平方米", validation_alias=AliasChoices("area_total", "area"))
    area_office: Loose | None = None
    area_tenants: Loose | None = None
    area_public: Loose | None = None
    area_other: Loose | None = None


class CarrierPatch(_In):
    """Fields left out stay as they are."""

    name: Short | None = None
    kind: Short | None = None
    level: Short | None = None
    region_code: Short | None = None
    park: Short | None = None
    operator: Short | None = None
    address: Short | None = None
    focus: Short | None = None
    opened_on: Short | None = None
    contact_name: Short | None = None
    contact_phone: Short | None = None
    remark: Long | None = None
    area_total: Loose | None = None
    area_office: Loose | None = None
    area_tenants: Loose | None = None
    area_public: Loose | None = None
    area_other: Loose | None = None
    changed_on: Short | None = Field(None, description="变更日期，缺省今天；须报告的变更从这天起计三个月")


class FillOut(BaseModel):
    on: date
    rooms: int
    rooms_let: int
    area: str = Field(description="平方米")
    area_let: str
    rate: str | None = Field(description="已租面积占比，0 到 1；没有房间时为 null")
    seats: int
    seats_let: int
    firms: int
    teams: int


class CarrierOut(BaseModel):
    id: uuid.UUID
    name: str
    kind: str
    level: str
    region_code: str
    operator: str
    state: str
    occupancy: FillOut


class CarrierList(BaseModel):
    items: list[CarrierOut]
    next: str | None


class CarrierDetail(CarrierOut):
    park: str | None
    address: str
    focus: str
    opened_on: date | None
    closed_on: date | None
    contact_name: str
    contact_phone: str
    remark: str
    areas: dict[str, str | None]
    version: int
    updated_at: datetime


class SpaceIn(_In):
    building: Loose = ""
    floor: Loose = ""
    room: Loose
    area: Loose = Field(description="平方米")
    exclusive: bool = Field(True, description="true 独用，同一时间只能租给一家；false 共用，可租给多家")
    capacity: int | None = Field(None, ge=1, le=100_000, description="共用空间的工位数")
    opened_on: Short | None = Field(None, description="启用日期；缺省为一直就有，过去各天的使用率会随之改变")


class SpaceCloseIn(_In):
    on: Short | None = Field(None, description="停用的第一天，缺省今天")


class JoinIn(_In):
    other: uuid.UUID = Field(description="同一间房的另一条登记")
    other_version: int | None = Field(None, description="看到的另一条登记的 version；给了就核对，被人改过的回答 412")
    same: bool = Field(False, description="名称看不出是同一间、但确是同一间房的写 true")


class SpaceOut(BaseModel):
    id: uuid.UUID
    building: str
    floor: str
    room: str
    area: str
    exclusive: bool
    capacity: int | None
    opened_on: date | None
    closed_on: date | None
    joined_into: uuid.UUID | None = Field(description="和它是同一间房、已经合并到的那一条")
    version: int


class SpaceList(BaseModel):
    items: list[SpaceOut]
    next: str | None


class TenancyIn(_In):
    uscc: Short = Field("", description="企业的信用代码；与 team 二选一")
    team: Short = Field("", description="还没有注册的团队的名称")
    team_leader: Short = ""
    team_members: int | None = Field(None, ge=1, le=10_000)
    space: Short = Field(description="房间的编号（id）")
    from_: Short = Field(description="租期的第一天", alias="from")
    to: Short | None = Field(None, description="租期的最后一天（含）；缺省为没有约定")
    seats: int = Field(1, ge=1, le=100_000, description="共用空间里占几个工位")
    incubates: bool = Field(True, description="计为在孵；false 为普通租户")
    special_field: Short | None = Field(None, description="biomedicine、agriculture、circuits；期限的依据待核实")
    rent_reduced: bool = False
    agreement_no: Short = ""
    agreement_on: Short | None = None
    stage_target: Long = ""
    ground: Long = Field("", description="不符合在孵条件、仍按在孵办理的依据")


class TenancyOut(BaseModel):
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier: str
    space: uuid.UUID
    place: str
    uscc: str | None
    team: str | None
    tenant: str
    seats: int
    from_: date | None = Field(alias="from")
    to: date | None
    incubating_since: date | None
    months_used: int | None = Field(description="在这类载体里已满的月数")
    limit_months: int | None
    limit_basis: str
    special_field: str | None
    rent_reduced: bool
    agreement_no: str
    agreement_on: date | None
    stage_target: str
    ended_on: date | None
    end_reason: str | None
    end_note: str
    entry: dict[str, Any] | None = Field(description="入驻时对照在孵条件的结果；没有检查的为 null")
    ground: dict[str, Any] | None
    previous_id: uuid.UUID | None
    version: int

    model_config = ConfigDict(populate_by_name=True)


class TenancyList(BaseModel):
    items: list[TenancyOut]
    next: str | None


class RenewIn(_In):
    to: Short = Field(description="新的租期止（含）")


class LimitIn(_In):
    months: int = Field(ge=1, le=120)
    reason: Short


class TransferIn(_In):
    carrier: uuid.UUID = Field(description="转往的载体")
    space: uuid.UUID
    on: Short | None = Field(None, description="在新房间的第一天，缺省今天；不能晚于今天")
    to: Short | None = None
    seats: int = Field(1, ge=1, le=100_000)
    agreement_no: Short = ""
    note: Long = ""
    late: Long = Field("", description="为什么现在才登记：转移日期早于今天、原来的租期那时还没有满的必填")


class EndIn(_In):
    on: Short | None = Field(None, description="在内的最后一天，缺省今天；不能晚于今天")
    reason: Short = Field(
        "moved_out",
        description="moved_out 到期迁出、early 提前退出、overstay 超期退出、terminated 终止、struck 登记有误",
    )
    note: Long = ""
    late: Long = Field("", description=f"{_LATE}；struck 的，今天以前已经入驻的必填")


class GraduateIn(_In):
    on: Short | None = Field(None, description="在内的最后一天，缺省今天")
    ground: Long = Field("", description="数据不足以判断时，凭什么认定毕业")
    note: Long = ""
    late: Late = ""


class ReopenIn(_In):
    reason: Short = Field(description="为什么撤销毕业")


class LinkIn(_In):
    uscc: Short
    on: Short | None = Field(None, description="注册日期，缺省今天")


class AgreeIn(_In):
    ground: str = Field("", max_length=2000, description="不符合在孵条件时的依据；企业写的不算")


class RefusalIn(_In):
    reason: Short = ""


class ProposalOut(BaseModel):
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier: str
    uscc: str = Field(description="提出时写的信用代码；有没有这家企业不在这里说")
    space: uuid.UUID | None
    place: str
    team: str | None = Field(description="说它已注册为这家企业的团队；入驻的为 null")
    from_: date = Field(alias="from", description="租期的第一天；团队的为注册日期")
    to: date | None
    incubates: bool
    agreement_no: str
    state: str = Field(description="waiting、confirmed、refused、withdrawn、lapsed；对载体没有 refused")
    due_on: date = Field(description="企业答复的期限，之后主管部门可以代为核对")
    closes_on: date = Field(description="到这天还没有确认的作废")
    overtaken: bool = Field(description="房间已另外租出，这份提议随之失效")
    tenancy_id: uuid.UUID | None

    model_config = ConfigDict(populate_by_name=True)


class ProposalList(BaseModel):
    items: list[ProposalOut]
    next: str | None
