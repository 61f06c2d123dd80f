"""What the roll on the stage shows, in a real browser."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import mido

from tests.browser import Visit

# How much colour there is at a tick of the piece on the stage: opacities of a column of the canvas, added up.
_INK = """(tick) => {
    const canvas = document.querySelector("#stage .score");
    const { piece } = window.musicgen;
    const scale = canvas.width / canvas.clientWidth;
    const left = 92, edge = 10;
    const perTick = Math.max((canvas.clientWidth - left - edge) / piece.bars, 44) / piece.ticksPerBar;
    const x = Math.round((left + tick * perTick) * scale);
    const pixels = canvas.getContext("2d").getImageData(x, 40 * scale, 1, canvas.height - 40 * scale).data;
    let sum = 0;
    for (let place = 3; place < pixels.length; place += 4) if (pixels[place] > 40) sum += pixels[place] / 255;
    return sum;
}"""


def melody_file(*velocities: int) -> bytes:
    """A flute that plays one pitch, a beat each, at these velocities, in 4/4 at 120 beats a minute."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.Message("program_change", program=73)])
    for velocity in velocities:
        track.append(mido.Message("note_on", note=72, velocity=velocity))
        track.append(mido.Message("note_off", note=72, time=480))
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def test_a_louder_note_is_drawn_stronger_and_thicker(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "crescendo.mid"
    path.write_bytes(melody_file(20, 48, 76, 104, *[64] * 12))
    visit.page.get_by_role("tab", name="Your music").click()
    visit.page.set_input_files("#intake input[type=file]", path)
    visit.page.wait_for_function("window.musicgen.piece.bars === 4")
    ink = [visit.page.evaluate(_INK, 12 * beat + 5) for beat in range(4)]
    assert ink == sorted(ink)
    assert all(louder > 1.3 * softer for softer, louder in pairwise(ink)), ink
