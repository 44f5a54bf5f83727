"""Text from others, and what of it nobody would see: control characters move a terminal's cursor, format characters turn text round."""

from __future__ import annotations

import unicodedata

_HIDDEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}


def visible_lines(text: str) -> str:
    r"""The text with its hidden characters written as `\x1b` and `\u202e`; line breaks stay."""
    return "".join(char if char == "\n" or unicodedata.category(char) not in _HIDDEN else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
