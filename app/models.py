"""Every table, imported once so that metadata is whole for migrations and tests."""

from app.access import models as access
from app.assessments import models as assessments
from app.attachments import models as attachments
from app.audit import models as audit
from app.bulk import models as bulk
from app.carriers import figure_models as carrier_figures
from app.carriers import log_models as carrier_logs
from app.carriers import models as carriers
from app.clerks import models as clerks
from app.collecting import models as collecting
from app.db import Base
from app.digests import models as digests
from app.exchange import models as exchange
from app.files import models as files
from app.filings import models as filings
from app.firms import models as firms
from app.incubation import models as incubation
from app.outbox import models as outbox
from app.pipeline import models as pipeline
from app.plans import models as plans
from app.platforms import models as platforms
from app.recognitions import models as recognitions
from app.reminders import models as reminders
from app.reports import models as reports
from app.results import models as results
from app.verifying import models as verifying
from app.views import models as views
from app.work import models as work
from app.workdays import models as workdays

__all__ = [
    "Base",
    "access",
    "assessments",
    "attachments",
    "audit",
    "bulk",
    "carrier_figures",
    "carrier_logs",
    "carriers",
    "clerks",
    "collecting",
    "digests",
    "exchange",
    "files",
    "filings",
    "firms",
    "incubation",
    "outbox",
    "pipeline",
    "plans",
    "platforms",
    "recognitions",
    "reminders",
    "reports",
    "results",
    "verifying",
    "views",
    "work",
    "workdays",
]
