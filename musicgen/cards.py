"""Pictures that stand for the project and for a piece elsewhere: the icon, and the card that a chat shows of a link."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from musicgen import rolls
from musicgen.music import Music

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = (1200, 630)
"""Pixels of a card, what chats and social networks ask for."""
_PAPER, _SHEET, _LINE, _INK, _SOFT_INK = "#f4f1ea", "#fffefb", "#ddd6c8", "#20242e", "#5d6270"
_EDGE = 48
_MARK = (
    ("melody", 3, 5, 14, 10), ("melody", 17, 5, 24, 10), ("chords", 9, 13.5, 29, 18.5), ("bass", 3, 22, 11, 27),
    ("drums", 15.5, 22, 20.5, 27), ("drums", 23.5, 22, 28.5, 27),
)  # fmt: skip
"""The mark in a square of 32: the role that gives the colour, then left, top, right and bottom of a rounded bar. The
same as in the page's header.html and icon.svg."""


def card(music: Music, title: str, facts: str) -> bytes:
    """A piece as a PNG file of `SIZE`: the mark, its title, a line of facts, and its roll.

    The same arguments give the same bytes, with the same version of Pillow.
    """
    from PIL import Image as images
    from PIL import ImageDraw, ImageFont

    image = images.new("RGB", SIZE, _PAPER)
    brush = ImageDraw.Draw(image)
    image.paste(_mark(72, _PAPER), (_EDGE, 50))
    left = _EDGE + 92
    brush.text((left, 36), title, _INK, ImageFont.load_default(54), stroke_width=1)
    brush.text((left, 100), facts, _SOFT_INK, ImageFont.load_default(30))
    name = ImageFont.load_default(32)
    brush.text((SIZE[0] - _EDGE - name.getlength("musicgen"), 52), "musicgen", _SOFT_INK, name)
    top, width, height = 162, SIZE[0] - 2 * _EDGE, SIZE[1] - 162 - _EDGE
    brush.rounded_rectangle((_EDGE, top, _EDGE + width, top + height), 20, _SHEET, _LINE)
    roll = rolls.picture(music, "", tick=(width - 60) / music.ticks, row=6)
    room = (width - 24, height - 16)
    roll = roll.resize((min(roll.width, room[0]), min(roll.height, room[1])), images.Resampling.LANCZOS)
    image.paste(roll, (_EDGE + (width - roll.width) // 2, top + (height - roll.height) // 2))
    return _png(image)


def icon(size: int) -> bytes:
    """The mark as a square PNG file of so many pixels, on the page's paper."""
    from PIL import Image as images

    image = images.new("RGB", (size, size), _PAPER)
    margin = size // 8
    image.paste(_mark(size - 2 * margin, _PAPER), (margin, margin))
    return _png(image)


def _mark(size: int, paper: str) -> Image:
    """The mark in a square of so many pixels; drawn four times as large and made smaller, for smooth edges."""
    from PIL import Image as images
    from PIL import ImageDraw

    scale = 4 * size / 32
    image = images.new("RGB", (4 * size, 4 * size), paper)
    brush = ImageDraw.Draw(image)
    for role, *box in _MARK:
        brush.rounded_rectangle([scale * each for each in box], 2.5 * scale, rolls.COLOURS[role])
    return image.resize((size, size), images.Resampling.LANCZOS)


def _png(image: Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
