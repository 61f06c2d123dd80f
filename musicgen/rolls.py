"""Piano rolls as pictures: a colour for each role on a light ground, drums as rows below the lowest pitch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from musicgen.music import Music
from musicgen.roles import DRUM_PITCHES, ROLE_BY_NAME, ROLE_NAMES

if TYPE_CHECKING:
    from PIL.Image import Image

COLOURS = {"melody": "#d2500f", "chords": "#2467c2", "pad": "#0c8f80", "bass": "#8a3fa6", "drums": "#94700a"}
"""The same as the page has by day, see page.css."""
_PAPER, _INK, _BAR_LINE, _BEAT_LINE, _SHADE = "#fffefb", "#20242e", "#b9bcc4", "#ecece8", "#f6f5f0"
_ORDER = ("pad", "chords", "bass", "melody", "drums")
"""From the back to the front."""
_FEWEST_ROWS = 36
_SOFT, _LOUD = 20, 120
"""Velocities from which on a note is drawn as softest and as loudest; the page's roll has the same, see common.js."""
_WIDEST = 8000


def png(music: Music, title: str) -> bytes:
    """A piece as a PNG file. The same piece and title give the same bytes, with the same version of Pillow."""
    buffer = io.BytesIO()
    picture(music, title).save(buffer, "PNG")
    return buffer.getvalue()


def picture(music: Music, title: str, tick: float = 2.0, row: int = 7) -> Image:
    """A piece as a picture.

    Args:
        music: the piece.
        title: a line above it.
        tick: pixels a tick, across; less where the picture would be over 8,000 wide.
        row: pixels a semitone, and a drum.
    """
    from PIL import Image as images
    from PIL import ImageDraw, ImageFont

    tick = min(tick, _WIDEST / music.ticks)
    size = max(10, 2 * row + 2)  # of letters, and so of margins
    pitches = [n.pitch for track in music.tracks if not ROLE_BY_NAME[track.role].is_drums for n in track.notes] or [60]
    low, high = min(pitches) - 1, max(max(pitches) + 1, min(pitches) + _FEWEST_ROWS)
    struck = {note.pitch for note in music.notes("drums")}
    drums = [pitch for pitch in DRUM_PITCHES if pitch in struck] + sorted(struck - set(DRUM_PITCHES))
    top, left = 2 * size + row, size
    floor = top + (high - low + 1) * row
    bottom = floor + (len(drums) + 2) * row * bool(drums)
    width = round(music.ticks * tick)
    font = ImageFont.load_default(size)
    legend, x = {}, left + round(font.getlength(title)) + 2 * size  # where each role is named
    for role in ROLE_NAMES:
        if music.notes(role):
            legend[role] = x
            x += round(font.getlength(ROLE_BY_NAME[role].label)) + 2 * size
    image = images.new("RGB", (max(width + 2 * left, x), bottom + 2 * size), _PAPER)
    brush = ImageDraw.Draw(image)

    for pitch in range(low, high + 1):
        if pitch % 12 in (1, 3, 6, 8, 10):
            y = floor - (pitch - low + 1) * row
            brush.rectangle((left, y, left + width, y + row - 1), _SHADE)
    metre = music.metre
    for beat in range(music.bars * metre.beats_per_bar + 1):
        x = left + round(beat * metre.ticks_per_beat * tick)
        bar, inside = divmod(beat, metre.beats_per_bar)
        brush.line((x, top, x, bottom), _BEAT_LINE if inside else _BAR_LINE)
        if inside == 0 and bar < music.bars and (metre.ticks_per_bar * tick > 2 * size or bar % 4 == 0):
            brush.text((x + 2, bottom + size // 3), str(bar + 1), _INK, font)
    for role in _ORDER:
        for note in music.notes(role):
            if role == "drums":
                y = floor + (len(drums) - drums.index(note.pitch)) * row
            else:
                y = floor - (note.pitch - low + 1) * row
            x = left + round(note.onset * tick)
            end = max(
                x + 1, left + round(min(note.end, music.ticks) * tick) - max(1, round(tick))
            )  # a gap, so that repeats are seen
            loud = loudness(note.velocity)
            margin = round((row - 2) * 0.25 * (1 - loud))  # a soft note is thinner too
            brush.rectangle((x, y + margin, end, y + row - 2 - margin), _tint(COLOURS[role], opacity(note.velocity)))
    brush.text((left, size // 2), title, _INK, font)
    for role, x in legend.items():
        brush.rectangle((x, size // 2 + 2, x + size - 4, size // 2 + size - 2), COLOURS[role])
        brush.text((x + size, size // 2), ROLE_BY_NAME[role].label, _INK, font)
    return image


def draw(pieces: Sequence[Music], titles: Sequence[str], path: Path, columns: int = 2) -> None:
    """Draw pieces into one PNG file, side by side."""
    from PIL import Image as images

    tick = max(0.8, 560 / max(music.ticks for music in pieces))  # short pieces have room to be seen
    found = [picture(music, title, tick, row=3) for music, title in zip(pieces, titles, strict=False)]
    width, height = max(each.width for each in found), max(each.height for each in found)
    sheet = images.new("RGB", (width * columns, height * -(-len(found) // columns)), _PAPER)
    for index, each in enumerate(found):
        sheet.paste(each, (index % columns * width, index // columns * height))
    sheet.save(path, "PNG")


def loudness(velocity: int) -> float:
    """How loud a note of a MIDI velocity is drawn: 0 for the softest to 1 for the loudest."""
    return min(1.0, max(0.0, (velocity - _SOFT) / (_LOUD - _SOFT)))


def opacity(velocity: int) -> float:
    """How strong the colour of a note of a MIDI velocity is, 0.3 to 1."""
    return 0.3 + 0.7 * loudness(velocity)


def _tint(colour: str, strength: float) -> tuple[int, int, int]:
    """A colour on white, 1 is the colour itself."""
    values = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    red, green, blue = (round(255 - (255 - value) * strength) for value in values)
    return red, green, blue
