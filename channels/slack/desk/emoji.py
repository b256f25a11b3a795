"""Slack writes emoji by name (`:tada:`); customers get the sign itself. Pure.

Above: `inbox_text`. Below: nothing. The names that people use in answers; what is not here (a
workspace's own emoji) stays as it was typed.
"""

from __future__ import annotations

import re
from typing import Final

_NAME = re.compile(r"(?<![\w:]):([a-z0-9_+-]{2,40}):(?::skin-tone-[2-6]:)?(?![\w:])")
_SIGNS: Final = {
    "+1": "👍", "-1": "👎", "thumbsup": "👍", "thumbsdown": "👎", "ok_hand": "👌", "clap": "👏",
    "pray": "🙏", "wave": "👋", "muscle": "💪", "raised_hands": "🙌", "handshake": "🤝",
    "point_right": "👉", "point_left": "👈", "point_up": "☝️", "point_down": "👇", "eyes": "👀",
    "smile": "😄", "smiley": "😃", "grinning": "😀", "grin": "😁", "joy": "😂", "blush": "😊",
    "slightly_smiling_face": "🙂", "simple_smile": "🙂", "wink": "😉", "relaxed": "☺️",
    "sweat_smile": "😅", "laughing": "😆", "heart_eyes": "😍", "sunglasses": "😎",
    "thinking_face": "🤔", "neutral_face": "😐", "slightly_frowning_face": "🙁",
    "disappointed": "😞", "cry": "😢", "sob": "😭", "scream": "😱", "innocent": "😇",
    "upside_down_face": "🙃", "hugging_face": "🤗", "sweat": "😓", "pensive": "😔",
    "heart": "❤️", "yellow_heart": "💛", "green_heart": "💚", "blue_heart": "💙",
    "broken_heart": "💔", "star": "⭐", "sparkles": "✨", "tada": "🎉", "fire": "🔥",
    "rocket": "🚀", "100": "💯", "white_check_mark": "✅", "heavy_check_mark": "✔️", "x": "❌",
    "warning": "⚠️", "exclamation": "❗", "question": "❓", "bulb": "💡", "bell": "🔔",
    "lock": "🔒", "key": "🔑", "mag": "🔍", "link": "🔗", "email": "📧", "envelope": "✉️",
    "phone": "☎️", "telephone_receiver": "📞", "calendar": "📆", "date": "📅", "clock": "🕒",
    "hourglass": "⌛", "alarm_clock": "⏰", "package": "📦", "truck": "🚚", "moneybag": "💰",
    "credit_card": "💳", "gift": "🎁", "memo": "📝", "paperclip": "📎", "pushpin": "📌",
    "wrench": "🔧", "hammer": "🔨", "computer": "💻", "iphone": "📱", "information_source": "ℹ️",
    "arrow_right": "➡️", "arrow_left": "⬅️", "arrow_up": "⬆️", "arrow_down": "⬇️",
    "sunny": "☀️", "coffee": "☕", "birthday": "🎂", "christmas_tree": "🎄",
}  # fmt: skip


def write_emoji(text: str) -> str:
    """The text with the signs in place of their names."""
    return _NAME.sub(lambda match: _SIGNS.get(match[1], match[0]), text)
