"""Files that Telegram does not give to bots: the customer is told, instead of thanked. Pure.

Above: `adapter`. Below: the phrases. A file that nobody can open must not stand in the log as one
that arrived.
"""

from __future__ import annotations

from channels.base import Arrival
from core.files.naming import safe_name
from core.ids import EventId
from core.localise import write_size
from core.messages import Attachment, Author
from core.phrases import Phrases

MOST_FILE = 20_000_000


def without_large(arrival: Arrival, phrases: Phrases | None) -> list[Arrival]:
    """What is left of it, and what is said of each file that is too large."""
    large = [file for file in arrival.attachments if file.size > MOST_FILE]
    if not large or arrival.kind != "message" or phrases is None:
        return [arrival]
    kept = tuple(file for file in arrival.attachments if file not in large)
    rest = arrival.model_copy(update={"attachments": kept})
    told = [_tell(arrival, number, file, phrases) for number, file in enumerate(large)]
    return [rest, *told] if rest.text or kept else told


def _tell(arrival: Arrival, number: int, file: Attachment, phrases: Phrases) -> Arrival:
    language = arrival.language or "en"
    return arrival.model_copy(update={
        "id": EventId(f"{arrival.id}:too-large-{number}"),
        "author": Author(role="system"),
        "text": phrases.say(
            "file_too_large", language, name=safe_name(file.name),
            size=write_size(file.size, language), most=write_size(MOST_FILE, language),
        ),
        "attachments": (),
        "reply_to": None,
    })  # fmt: skip
