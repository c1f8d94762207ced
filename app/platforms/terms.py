"""Innovation platforms: their kinds, their levels, and what an entry in the register says."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.labels import Labelled


class PlatformKind(Labelled):
    ENGINEERING_CENTRE = "engineering_centre", "工程技术研究中心"
    ENTERPRISE_CENTRE = "enterprise_centre", "企业技术中心"
    KEY_LABORATORY = "key_laboratory", "重点实验室"
    ENGINEERING_LABORATORY = "engineering_laboratory", "工程实验室"
    NEW_RD_INSTITUTION = "new_rd_institution", "新型研发机构"
    TECHNOLOGY_INNOVATION = "technology_innovation", "技术创新中心"
    INDUSTRIAL_INNOVATION = "industrial_innovation", "产业创新中心"
    MANUFACTURING_INNOVATION = "manufacturing_innovation", "制造业创新中心"
    AGRICULTURAL_INNOVATION = "agricultural_innovation", "农业创新中心"
    JOINT_LABORATORY = "joint_laboratory", "粤港澳联合实验室"
    DOCTORAL_STATION = "doctoral_station", "博士工作站"
    POSTDOCTORAL_STATION = "postdoctoral_station", "博士后科研工作站"
    POSTDOCTORAL_BASE = "postdoctoral_base", "博士后创新实践基地"
    ACADEMICIAN_STATION = "academician_station", "院士工作站"
    COMMISSIONER_STATION = "commissioner_station", "科技特派员工作站"
    OWN_INSTITUTION = "own_institution", "企业自办研发机构"


class PlatformLevel(Labelled):
    NATIONAL = "national", "国家级"
    PROVINCIAL = "provincial", "省级"
    MUNICIPAL = "municipal", "市级"
    COUNTY = "county", "县级"
    ENTERPRISE = "enterprise", "企业自建"


class PlatformState(Labelled):
    IN_FORCE = "in_force", "有效"
    LAPSED = "lapsed", "已过期"
    ENDED = "ended", "已撤销"
    NOT_YET = "not_yet", "未生效"


# A place where research is done. Stations invite people, so that a firm with nothing else has no institution yet.
INSTITUTIONS = (
    PlatformKind.ENGINEERING_CENTRE,
    PlatformKind.ENTERPRISE_CENTRE,
    PlatformKind.KEY_LABORATORY,
    PlatformKind.ENGINEERING_LABORATORY,
    PlatformKind.NEW_RD_INSTITUTION,
    PlatformKind.TECHNOLOGY_INNOVATION,
    PlatformKind.INDUSTRIAL_INNOVATION,
    PlatformKind.MANUFACTURING_INNOVATION,
    PlatformKind.AGRICULTURAL_INNOVATION,
    PlatformKind.JOINT_LABORATORY,
    PlatformKind.OWN_INSTITUTION,
)


@dataclass(frozen=True, slots=True)
class Duty:
    """What the platform owes its authority, and by when."""

    title: str
    due_on: date

    def to_json(self) -> dict[str, str]:
        return {"title": self.title, "due_on": self.due_on.isoformat()}


@dataclass(frozen=True, slots=True)
class PlatformEntry:
    """What a person or a roster says of a platform. A host that is no firm of the registry is named, with its town."""

    kind: PlatformKind
    level: PlatformLevel
    name: str
    recognised_on: date
    firm_id: uuid.UUID | None = None
    host_name: str = ""
    region_code: str | None = None
    number: str = ""
    valid_to: date | None = None
    ended_on: date | None = None
    duties: Sequence[Duty] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    id: uuid.UUID
    kind: PlatformKind
    level: PlatformLevel
    name: str
    firm_id: uuid.UUID | None
    uscc: str | None
    host: str
    region_code: str
    number: str
    recognised_on: date
    valid_to: date | None
    ended_on: date | None
    duties: tuple[Duty, ...]
    source: str
    version: int
    author_name: str
