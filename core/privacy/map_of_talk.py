"""Tables of what was said and what came of it. Above: `datamap`. Below: `places`."""

from __future__ import annotations

from core.privacy.places import Place, words

TALK: tuple[Place, ...] = (
    Place(
        "sql", "conversations", "message", "One line for each conversation", "delete",
        personal=words("chat contact summary"),
        plain=words(
            "id channel account status owner specialist language sentiment priority ticket entries"
            " tokens_used cost created_at updated_at"
        ),
        by_conversation="id", by_contact="contact", age="updated_at", export=True,
    ),
    Place(
        "sql", "entries", "message", "Everything that was said, noted, drafted and pressed",
        "delete", personal=words("event text folded body value"),
        plain=words("conversation seq at kind role specialist action"),
        by_conversation="conversation", age="at", export=True,
    ),
    Place(
        "sql", "entry_words", "message", "The index of words for the search (SQLite)", "delete",
        plain=words("folded"),
        note="Triggers take words out with their entry; an erasure then merges the index.",
    ),
    Place(
        "sql", "entry_places", "message", "Which entry a place of that index is", "delete",
        plain=words("place conversation seq"), note="As above.",
    ),
    Place(
        "sql", "turns", "decision",
        "Receipts of answers: triage, tools with arguments, facts of memory", "delete",
        personal=words("receipt"),
        plain=words("conversation seq at specialist intent outcome milliseconds tokens cost fault"),
        by_conversation="conversation", age="at", export=True,
    ),
    Place(
        "sql", "cases", "decision", "Hand-overs to people, with the span that caused them",
        "delete", personal=words("contact body"),
        plain=words("conversation seq at reason rule priority language specialist"),
        by_conversation="conversation", by_contact="contact", age="at", export=True,
    ),
    Place(
        "sql", "snapshots", "message", "Conversations as they stand: head, memory, what was sent",
        "delete", personal=words("head state sends steps tail receipts"),
        plain=words("conversation stamp here_since rev"),
        by_conversation="conversation", export=True,
    ),
    Place(
        "sql", "addresses", "contact", "Which conversation is at an address", "delete",
        personal=words("key"), plain=words("conversation"), by_conversation="conversation",
        export=True,
    ),
    Place(
        "sql", "store_lives", "technical", "When the store was lost and rebuilt", "keep",
        plain=words(
            "number incarnation began_at reason mark written_at conversations addresses seconds"
            " kept_until"
        ),
    ),
    Place(
        "sql", "rolled_figures", "metric", "Statistics: counts, nobody's", "keep",
        plain=words("period measure a b n milliseconds tokens micros"),
    ),
    Place(
        "sql", "rolled_hours", "metric", "Statistics by the hour", "keep",
        plain=words("hour conversations customer ai human_agent cases turns tokens micros"),
    ),
    Place(
        "sql", "stale_periods", "metric", "Periods to be counted again", "keep",
        plain=words("period marked_at"),
    ),
    Place(
        "sql", "corrections", "decision", "Messages whose route people corrected", "delete",
        personal=words("text comment"),
        plain=words(
            "id language kind specialist intent priority sentiment conversation status proposed_by"
            " proposed_at reviewed_by reviewed_at"
        ),
        by_conversation="conversation", age="proposed_at", export=True,
        note="What triage learned from one is trained again without it.",
    ),
    Place(
        "sql", "drafts", "decision", "What became of drafts: figures, no words", "delete",
        plain=words(
            "conversation seq id at specialist intent language outcome similarity by_button"
            " settled_at"
        ),
        by_conversation="conversation", age="at", export=True,
    ),
    Place(
        "sql", "autonomy_changes", "metric", "Who may answer what", "keep",
        plain=words("id intent before after status made_by at why figures decided_by decided_at"),
    ),
    Place(
        "sql", "knowledge_reviews", "knowledge", "Answers put forward for the knowledge base",
        "delete", personal=words("question answer screening"),
        plain=words(
            "id source language category conversation entry fingerprint status proposed_by"
            " proposed_at reviewed_by reviewed_at document"
        ),
        by_conversation="conversation", age="proposed_at", export=True,
        note="An article made from one stays unless it holds something of the person.",
    ),
    Place(
        "sql", "reports", "metric", "Weekly reports; gaps are titled with masked questions",
        "keep", plain=words("week made_at body posting posted_at posted_as"),
    ),
    Place(
        "sql", "webhooks", "technical", "Who is told what", "keep",
        plain=words("id url events description created_at created_by disabled_at disabled_why"),
    ),
    Place(
        "sql", "webhook_deliveries", "message", "What other systems are told, with the words",
        "delete", personal=words("payload last_error"),
        plain=words(
            "webhook event type status attempts created_at due_at leased_until last_status done_at"
        ),
        by_conversation="payload.data.conversation", by_ticket="payload.data.ticket",
        age="created_at",
        note="What was delivered is in the receiver's hands.",
    ),
    Place(
        "sql", "knowledge_documents", "knowledge", "Articles of the knowledge base", "keep",
        plain=words(
            "id source content_hash title url category language translation_of text version stamp"
            " updated_at"
        ),
        note="An article that holds the person's name, mail or number is removed by an erasure.",
    ),
    Place(
        "sql", "knowledge_passages", "knowledge", "Their passages", "keep",
        plain=words("id document_id ordinal heading question text"),
    ),
    Place(
        "sql", "knowledge_vectors", "knowledge", "Vectors of the passages", "keep",
        plain=words("passage_id model vector"),
    ),
    Place(
        "sql", "knowledge_calibrations", "metric", "Figures of the search", "keep",
        plain=words("model knowledge_version data made_at"),
    ),
    Place(
        "sql", "knowledge_state", "metric", "The version of the knowledge", "keep",
        plain=words("id version"),
    ),
)  # fmt: skip
