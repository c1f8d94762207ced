from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class CalendarDay(Base):
    """A day that differs from Monday-to-Friday: a holiday, or a weekend day made up for (调休上班)."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]  # holiday | make_up
    name: Mapped[str] = mapped_column(server_default="")


class CalendarYear(Base):
    """A year whose schedule is loaded; any other year is taken as Monday to Friday, and says so."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(server_default="")
    confirmed: Mapped[bool] = mapped_column(server_default=text("false"))
