"""Checks on a model's words before a customer sees them: pure, sentence by sentence.

Above: `core.specialists.gate`, `checking`. Below: `core.language`. The evidence is everything the
model may repeat: the conversation, the tools' results, passages and its own instructions.
"""

from core.specialists.checks.answer import AnswerChecks
from core.specialists.checks.evidence import Evidence
from core.specialists.checks.shape import (
    json_object,
    may_be_json,
    speaks_other_language,
)
from core.specialists.checks.verdict import CHECKS, Violation, violation_of

__all__ = [
    "CHECKS",
    "AnswerChecks",
    "Evidence",
    "Violation",
    "json_object",
    "may_be_json",
    "speaks_other_language",
    "violation_of",
]
