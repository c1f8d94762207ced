"""What one ought to know before seeing a firm, over JSON."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.errors import NotFound
from app.firms.queries import firm_by_uscc
from app.web.api.answers import answer, part
from app.web.api.work_answers import need_out, task_out, visit_out
from app.web.api.work_examples import NEED, TASK, VISIT
from app.web.api.work_schemas import NeedOut, TaskOut, VisitOut
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.visit_brief import brief_of, work_of
from app.work.terms import Owner

router = part("走访与任务")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
_TITLE: dict[str, Any] = {
    "title": "高新技术企业",
    "says": "差 1 项",
    "sentences": ["近三年研发费用占比 4.31%，要求不低于 5%"],
}
_PAPER = {"window": "高企认定 2026 年第二批", "due_on": "2026-12-05", "lacking": ["研发费用专项审计报告"]}
_DATED: dict[str, Any] = {"what": "科技型中小企业 202644078300000001", "on": "2026-12-31"}


_BRIEF: dict[str, Any] = {
    "last_visit": VISIT,
    "silent_days": 38,
    "ours": [TASK],
    "theirs": [],
    "needs": [NEED],
    "titles": [_TITLE],
    "papers": [_PAPER],
    "lapsing": [_DATED],
    "steps": [{"what": "补齐三年研发费用辅助账", "on": "2026-12-20"}],
}


class TitleAhead(BaseModel):
    title: str
    says: str
    sentences: list[str]


class PaperDue(BaseModel):
    window: str
    due_on: date | None
    lacking: list[str]


class Dated(BaseModel):
    what: str
    on: date


class BriefOut(BaseModel):
    last_visit: VisitOut | None
    silent_days: int | None = Field(description="距上次走访的天数")
    ours: list[TaskOut] = Field(description="我方答应、还没有办的")
    theirs: list[TaskOut] = Field(description="企业答应、还没有办的")
    needs: list[NeedOut]
    titles: list[TitleAhead] = Field(description="下一级和只差几项的称号，各差什么")
    papers: list[PaperDue] = Field(description="进行中的申报还缺的材料")
    lapsing: list[Dated] = Field(description="半年内到期的证书")
    steps: list[Dated] = Field(description="一企一策里没有办的")
    model_config = ConfigDict(json_schema_extra={"example": _BRIEF})


@router.get("/firms/{uscc}/brief", response_model=BriefOut, summary="走访提纲：上次、未了的约定、差什么、缺的材料")
async def read(
    request: Request, uscc: Uscc, conn: ConnDep, viewer: Reader, lookup: LookupDep, today: TodayDep
) -> Response:
    firm = await firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    work = await work_of(conn, firm)
    brief = await brief_of(request, conn, lookup, firm, viewer, today=today)
    last = work.last_visit
    out = BriefOut(
        last_visit=visit_out(last) if last else None,
        silent_days=(today - last.visited_on).days if last else None,
        ours=[task_out(t) for t in work.promised(Owner.BUREAU)],
        theirs=[task_out(t) for t in work.promised(Owner.FIRM)],
        needs=[need_out(n) for n in work.open_needs],
        titles=[TitleAhead(title=t.title, says=t.says, sentences=t.sentences) for t in brief.titles],
        papers=[PaperDue(window=p.window, due_on=p.firm_due, lacking=list(p.lacking)) for p in brief.papers],
        lapsing=[Dated(what=what, on=on) for what, on, _ in brief.lapsing],
        steps=[Dated(what=what, on=on) for what, on, _ in brief.steps],
    )
    return answer(out)
