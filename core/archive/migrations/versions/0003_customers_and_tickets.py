"""Customers with orders and money, tickets, and acts that wait for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003_customers_and_tickets"
down_revision = "0002_archive"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = (
    "customers", "customer_contacts", "orders", "order_items", "invoices", "refunds",
    "customer_acts", "approvals", "tickets", "ticket_events",
)  # fmt: skip


def upgrade() -> None:
    _customers()
    _orders()
    _money()
    _approvals()
    _tickets()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _text(name: str, *, must: bool = False, key: bool = False, unique: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=not (must or key), primary_key=key, unique=unique)


def _customers() -> None:
    op.create_table(
        "customers",
        _text("id", key=True),
        _text("name", must=True),
        *(_text(name) for name in ("email", "email_folded", "phone", "tier", "language")),
        *(_text(name) for name in ("address", "plan")),
        sa.Column("next_charge_on", sa.Date),
        _text("next_charge"),
        _text("currency", must=True),
    )
    op.create_index("customers_email", "customers", ["email_folded"])
    op.create_table("customer_contacts", _text("contact", key=True), _text("customer", must=True))


def _orders() -> None:
    op.create_table(
        "orders",
        _text("number", key=True),
        *(_text(name, must=True) for name in ("canonical", "digits", "customer")),
        _text("email_folded"),
        _text("status", must=True),
        sa.Column("placed_at", _MOMENT, nullable=False),
        _text("total", must=True),
        _text("currency", must=True),
        *(_text(name) for name in ("address", "carrier", "tracking", "tracking_url")),
        sa.Column("expected_on", sa.Date),
    )
    op.create_index("orders_canonical", "orders", ["canonical"], unique=True)
    op.create_index("orders_digits", "orders", ["digits"])
    op.create_index("orders_customer", "orders", ["customer", "placed_at"])
    op.create_table(
        "order_items",
        _text("order", key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        _text("name", must=True),
        _text("sku"),
        sa.Column("quantity", sa.Integer, nullable=False),
        _text("price", must=True),
    )


def _money() -> None:
    op.create_table(
        "invoices",
        _text("number", key=True),
        _text("customer", must=True),
        _text("order"),
        sa.Column("issued_on", sa.Date, nullable=False),
        *(_text(name, must=True) for name in ("amount", "currency", "status")),
    )
    op.create_index("invoices_customer", "invoices", ["customer", "issued_on"])
    op.create_table(
        "refunds",
        _text("reference", key=True),
        _text("key", must=True, unique=True),
        *(_text(name, must=True) for name in ("customer", "order", "amount", "currency")),
        *(_text(name, must=True) for name in ("status", "reason")),
        sa.Column("asked_at", _MOMENT, nullable=False),
        _text("approval"),
    )
    op.create_index("refunds_customer", "refunds", ["customer", "asked_at"])
    op.create_index("refunds_order", "refunds", ["order"])
    op.create_table(
        "customer_acts",
        _text("key", key=True),
        *(_text(name, must=True) for name in ("conversation", "customer", "act")),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        _text("id", key=True),
        _text("key", must=True, unique=True),
        _text("conversation", must=True),
        _text("contact"),
        sa.Column("level", sa.Integer, nullable=False),
        _text("tool", must=True),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        _text("status", must=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        _text("decision"),
        _text("decided_by"),
        sa.Column("decided_at", _MOMENT),
        _text("comment"),
        sa.Column("result", sa.JSON),
        sa.Column("announced_at", _MOMENT),
    )
    op.create_index("approvals_status", "approvals", ["status", "asked_at"])
    op.create_index("approvals_conversation", "approvals", ["conversation"])


def _tickets() -> None:
    op.create_table(
        "tickets",
        _text("number", key=True),
        _text("key", must=True, unique=True),
        _text("conversation", must=True),
        _text("contact"),
        sa.Column("level", sa.Integer, nullable=False),
        *(_text(name, must=True) for name in ("state", "priority", "subject", "body")),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_index("tickets_conversation", "tickets", ["conversation"])
    op.create_index("tickets_contact", "tickets", ["contact"])
    op.create_index("tickets_state", "tickets", ["state", "updated_at"])
    op.create_table(
        "ticket_events",
        _text("ticket", key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        _text("key", must=True, unique=True),
        sa.Column("at", _MOMENT, nullable=False),
        _text("by", must=True),
        _text("note", must=True),
        _text("state"),
        _text("priority"),
    )
