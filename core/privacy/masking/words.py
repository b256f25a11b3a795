"""Words for vectors: what is somebody's is covered by what it is, `[email]`, `[name]`.

Above: gaps of the knowledge, examples that triage learns from. Below: `finding`,
`core.learning.personal`. Here tokens need not be told apart: nothing is restored from a vector.
"""

from __future__ import annotations

from core.learning.personal import find_personal, mask_personal
from core.privacy.masking.finding import Known, find_values


def covered(text: str, language: str) -> str:
    """The text without anything of a person's."""
    pieces: list[str] = []
    end = 0
    for found in find_values(text, Known(), "strict"):
        pieces += [text[end : found.begin], f"[{found.kind.lower()}]"]
        end = found.end
    bare = "".join([*pieces, text[end:]])
    return mask_personal(bare, find_personal(bare, language))
