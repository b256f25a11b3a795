"""Tables of people, tickets, customers and of privacy itself. Above: `datamap`. Below: `places`."""

from __future__ import annotations

from core.privacy.places import Place, words

PEOPLE: tuple[Place, ...] = (
    Place(
        "sql", "contacts", "contact", "People: name, language, address, notes", "delete",
        personal=words("name email notes attributes folded"),
        plain=words("id language created_at updated_at merged_into"),
        by_contact="id", age="updated_at", export=True,
    ),
    Place(
        "sql", "contact_identities", "contact", "How a person can be reached, and how well proved",
        "delete", personal=words("key account value name evidence"),
        plain=words("id contact channel level proved_at created_at"),
        by_contact="contact", export=True,
    ),
    Place(
        "sql", "contact_conversations", "contact", "Whose a conversation is", "delete",
        plain=words("conversation contact level at"),
        by_conversation="conversation", by_contact="contact", export=True,
    ),
    Place(
        "sql", "contact_merges", "contact", "Contacts that turned out to be one person", "delete",
        personal=words("evidence reason moved"),
        plain=words("id kept gone state by at undone_by undone_at"),
        by_contact="kept gone", export=True,
    ),
    Place(
        "sql", "contact_waiting", "technical", "Conversations whose contact is to be settled",
        "delete", plain=words("conversation at"), by_conversation="conversation",
    ),
    Place(
        "sql", "tickets", "ticket", "The durable record of a problem", "delete",
        personal=words("contact subject body folded"),
        plain=words(
            "number key conversation level state priority tags assignee origin duplicate_of pauses"
            " first_reply_at resolved_at created_at updated_at"
        ),
        by_conversation="conversation", by_contact="contact", by_ticket="number",
        age="updated_at", export=True,
    ),
    Place(
        "sql", "ticket_events", "ticket", "What happened to a ticket", "delete",
        personal=words("note changes"),
        plain=words("ticket position key at by side kind internal state priority"),
        by_ticket="ticket", export=True,
    ),
    Place(
        "sql", "ticket_tags", "ticket", "Its tags", "delete", plain=words("ticket tag"),
        by_ticket="ticket", export=True,
    ),
    Place(
        "sql", "ticket_conversations", "ticket", "Its conversations", "delete",
        plain=words("ticket conversation via"),
        by_conversation="conversation", by_ticket="ticket", export=True,
    ),
    Place(
        "sql", "ticket_links", "ticket", "What it has to do with other tickets", "delete",
        plain=words("ticket kind other"), by_ticket="ticket other", export=True,
    ),
    Place(
        "sql", "approvals", "decision", "Acts that wait for a person's word", "delete",
        personal=words("contact arguments facts comment result"),
        plain=words(
            "id key conversation level tool status asked_at decision decided_by decided_at"
            " announced_at"
        ),
        by_conversation="conversation", by_contact="contact", age="asked_at", export=True,
    ),
    Place(
        "sql", "customers", "customer", "The built-in customer records", "blank",
        personal=words("name email email_folded phone address"),
        plain=words("id tier language plan next_charge_on next_charge currency"),
        by_customer="id", export=True,
        note="The number stays as the key of invoices, which the law wants kept.",
    ),
    Place(
        "sql", "customer_contacts", "customer", "Which contact is which customer", "delete",
        personal=words("contact"), plain=words("customer"), by_contact="contact",
        by_customer="customer", export=True,
    ),
    Place(
        "sql", "orders", "customer", "Orders", "blank", personal=words("email_folded address"),
        plain=words(
            "number canonical digits customer status placed_at total currency carrier tracking"
            " tracking_url expected_on"
        ),
        by_customer="customer", export=True,
    ),
    Place(
        "sql", "order_items", "customer", "Items of orders", "keep",
        plain=words("order position name sku quantity price"),
    ),
    Place(
        "sql", "invoices", "customer", "Invoices, kept as the law wants", "keep",
        plain=words("number customer order issued_on amount currency status"),
        by_customer="customer", export=True,
    ),
    Place(
        "sql", "refunds", "customer", "Refunds", "blank", personal=words("reason"),
        plain=words(
            "reference key customer order amount currency status asked_at approval"
        ),
        by_customer="customer", export=True,
    ),
    Place(
        "sql", "customer_acts", "decision", "Results of writes under their idempotency keys",
        "delete", personal=words("result"), plain=words("key conversation customer act at"),
        by_conversation="conversation", by_customer="customer", age="at", export=True,
    ),
    Place(
        "sql", "customer_history", "customer", "What became of conversations, for the CRM",
        "delete", personal=words("body"), plain=words("key customer conversation at"),
        by_conversation="conversation", by_customer="customer", age="at", export=True,
    ),
    Place(
        "sql", "history_outbox", "technical", "What a CRM is still to be told", "delete",
        personal=words("last_error"),
        plain=words(
            "key conversation seq cause at status attempts due_at leased_until done_at"
        ),
        by_conversation="conversation",
    ),
    Place(
        "sql", "access_tokens", "technical", "Tokens of people of the desk and programs", "keep",
        plain=words(
            "id name scope limits prefix digest created_at created_by expires_at revoked_at"
            " last_used_at"
        ),
    ),
    Place(
        "sql", "ended_customer_tokens", "technical", "Conversations whose tokens were called back",
        "keep", plain=words("conversation before"),
    ),
    Place(
        "sql", "tombstones", "audit", "What must not come back: random ids and digests", "keep",
        plain=words("kind id at erasure"),
    ),
    Place(
        "sql", "erasures", "audit", "Wishes to be forgotten, with their reports", "keep",
        plain=words("id contact asked_by asked_at step work report done_at"),
    ),
    Place(
        "sql", "audit_log", "audit", "Who did what to whose data; ids and digests only", "keep",
        plain=words("seq at who what whom origin details before hash"),
        note="Append-only, chained by hashes.",
    ),
    Place(
        "sql", "alembic_version", "technical", "The revision of the tables", "keep",
        plain=words("version_num"),
    ),
)  # fmt: skip
