"""Names in MIDI files as they were meant: the standard says ASCII, programs write what their system has."""

from __future__ import annotations


def decode_text(content: bytes) -> str:
    """The bytes of a text event as UTF-8, Shift-JIS or Latin-1, whichever they are; null characters are dropped."""
    content = content.replace(b"\0", b"")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if _looks_japanese(content):
        return content.decode("cp932")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _looks_japanese(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 are Shift-JIS.

    Most pairs of letters of Latin-1 could be a character of Shift-JIS too. But Japanese names have kana or a kanji
    whose first byte is a control character in Latin-1, or half-width kana, which are signs and no letters there.
    """
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError:
        return False
    foreign = [letter for letter in text if letter > "\x7f"]
    if any("\u3041" <= letter <= "\u30ff" for letter in foreign):
        return True
    pairs = [letter.encode("cp932") for letter in foreign]
    if all("\u4e00" <= letter <= "\u9fff" for letter in foreign) and all(0x81 <= pair[0] <= 0x9F for pair in pairs):
        # a quotation mark of Windows and the letter after it make one kanji, whose second byte is that letter
        return len(pairs) > 1 or len(text) == 1 or pairs[0][1] > 0x7F
    half_width = sum("\uff66" <= letter <= "\uff9f" for letter in foreign)
    return half_width >= 2 and half_width == len(foreign) and any(0xA1 <= byte <= 0xBF for byte in content)
