"""carriers, their titles and duties, their spaces and teams; an operator's account has one"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0060_carriers"
down_revision: str | None = "0081_letters"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # A migration that cannot get its lock quickly gives up, instead of queueing every request behind it.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "carriers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("park", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("focus", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="operating", nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("area_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("area_office", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("area_tenants", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("area_public", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("area_other", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(closed_on IS NULL) = (state = 'operating')", name=op.f("ck_carriers_closed")),
        sa.CheckConstraint(
            "kind IN ('makerspace', 'incubator', 'accelerator', 'industrial_park', 'agri_maker')",
            name=op.f("ck_carriers_kind"),
        ),
        sa.CheckConstraint(
            "level IN ('national', 'provincial', 'municipal', 'county')", name=op.f("ck_carriers_level")
        ),
        sa.CheckConstraint("state IN ('operating', 'closed')", name=op.f("ck_carriers_state")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_carriers_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carriers")),
        sa.UniqueConstraint("name", name=op.f("uq_carriers_name")),
    )
    op.create_index("ix_carriers_region", "carriers", ["region_code", "name", "id"])
    op.create_table(
        "carrier_stays",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=True),
        sa.Column("special_months", sa.SmallInteger(), nullable=True),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('makerspace', 'incubator', 'accelerator', 'industrial_park', 'agri_maker')",
            name=op.f("ck_carrier_stays_kind"),
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_carrier_stays")),
    )
    op.create_table(
        "carrier_titles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorder_name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "level IN ('national', 'provincial', 'municipal', 'county')", name=op.f("ck_carrier_titles_level")
        ),
        sa.CheckConstraint("valid_until >= issued_on", name=op.f("ck_carrier_titles_dates")),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_titles_carrier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_titles")),
    )
    op.create_index("ix_carrier_titles_carrier", "carrier_titles", ["carrier_id", "issued_on"])
    op.create_table(
        "carrier_duties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("doer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(done_on IS NULL) = (doer_name = '')", name=op.f("ck_carrier_duties_done")),
        sa.CheckConstraint(
            "kind IN ('change_report', 'review', 'statistics', 'other')", name=op.f("ck_carrier_duties_kind")
        ),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_duties_carrier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_duties")),
    )
    op.create_index("ix_carrier_duties_carrier", "carrier_duties", ["carrier_id", "due_on"])
    op.create_table(
        "carrier_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_changes_carrier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_changes")),
    )
    op.create_index("ix_carrier_changes_carrier", "carrier_changes", ["carrier_id", "at"])
    op.create_table(
        "carrier_spaces",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("building", sa.Text(), server_default="", nullable=False),
        sa.Column("floor", sa.Text(), server_default="", nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("area", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("area > 0", name=op.f("ck_carrier_spaces_area")),
        sa.CheckConstraint(
            "capacity IS NULL OR (capacity > 0 AND NOT exclusive)", name=op.f("ck_carrier_spaces_capacity")
        ),
        sa.CheckConstraint("closed_on > opened_on", name=op.f("ck_carrier_spaces_dates")),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_spaces_carrier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_spaces")),
        sa.UniqueConstraint("id", "carrier_id", "exclusive", name=op.f("uq_carrier_spaces_id_carrier_id_exclusive")),
    )
    op.create_index(
        "uq_carrier_spaces_place",
        "carrier_spaces",
        ["carrier_id", "building", "floor", "room"],
        unique=True,
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_table(
        "carrier_teams",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("carrier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("leader", sa.Text(), server_default="", nullable=False),
        sa.Column("members", sa.Integer(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("linked_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(firm_id IS NULL) = (linked_on IS NULL)", name=op.f("ck_carrier_teams_linked")),
        sa.ForeignKeyConstraint(
            ["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_teams_carrier_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["firms.id"], name=op.f("fk_carrier_teams_firm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_teams")),
        sa.UniqueConstraint("carrier_id", "name", name=op.f("uq_carrier_teams_carrier_id_name")),
    )
    op.create_index(
        "ix_carrier_teams_firm", "carrier_teams", ["firm_id"], postgresql_where=sa.text("firm_id IS NOT NULL")
    )
    op.add_column("users", sa.Column("carrier_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_users_carrier_id"), "users", ["carrier_id"])
    op.create_foreign_key(op.f("fk_users_carrier_id"), "users", "carriers", ["carrier_id"], ["id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("users", "carrier_id")
    for table in ("teams", "spaces", "changes", "duties", "titles", "stays"):
        op.drop_table(f"carrier_{table}")
    op.drop_table("carriers")
