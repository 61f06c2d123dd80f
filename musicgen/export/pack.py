"""Everything of a piece in one zip: MIDI, sound, loop, score, stems, picture, settings and a licence in plain words."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

from musicgen import midi as files
from musicgen import rolls
from musicgen.audio import Audio
from musicgen.errors import ExportError
from musicgen.export import sound
from musicgen.export.names import file_stem
from musicgen.export.piece import Piece
from musicgen.export.score import musicxml
from musicgen.music import FOUR_FOUR

MAX_SECONDS = 240.0
"""The longest piece; 32 bars at the slowest tempo that can be asked for are 192 s. A second is 1.2 MB of WAV files."""
LICENCE = (
    "What you make here is yours, to use as you like. "
    "The model was trained only on public-domain and permissively licensed music."
)
_SOUNDFONTS = {
    "musescore_general": "MuseScore General, MIT licence, by S. Christian Collins and others",
    "timgm6mb": "TimGM6mb, GNU General Public License version 2, by Tim Brechbill",
    "fluidr3": "Fluid R3 GM, MIT licence, by Frank Wen",
}
"""How the file's name begins, in small letters, to name, licence and author."""
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say: the same piece, the same bytes


def pack(piece: Piece) -> bytes:
    """A piece as the bytes of a zip file. The loop and the stems are exactly as long as the piece's bars.

    Raises:
        ExportError: the piece is over four minutes long, or there is no synthesiser.
        MidiError: `midi.to_midi` did not write its file.
    """
    music = piece.music
    seconds = files.seconds(music)
    if seconds > MAX_SECONDS:  # before the work, not after it
        raise ExportError(
            f"Expected a piece of at most {MAX_SECONDS:g} seconds to pack. Received: {seconds:.0f}; save its MIDI, "
            "its sound and its score one by one."
        )
    soundfont = piece.synthesiser.soundfont.name
    recipe = files.read_recipe(piece.midi)
    name = file_stem(piece.midi, music.style, music.key, recipe)
    with ThreadPoolExecutor(1) as beside:  # there are two cores
        rest = beside.submit(lambda: (piece.mix, piece.loop))
        stems = piece.synthesiser.render_stems(piece.midi, loop=True)
        rest.result()
    inside = {
        f"{name}.mid": piece.midi,
        f"{name}.wav": sound.wav(piece.mix),
        f"{name}-loop.wav": sound.wav(piece.loop),
        f"{name}.musicxml": musicxml(music, piece.title, piece.symbols),
        f"{name}.png": rolls.png(music, f"{piece.title}, {round(music.tempo, 2):g} BPM"),
        **{f"stems/{role}.mid": data for role, data in files.stems(piece.midi).items()},
        **{f"stems/{role}.wav": sound.wav(stem) for role, stem in stems.items()},
        "settings.json": _settings(piece, recipe, stems, soundfont),
        "LICENSE.txt": _licence(soundfont).encode(),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in inside.items():
            entry = zipfile.ZipInfo(path, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, wherever it is written
            # to deflate sound takes a fifth off and half as much time again
            archive.writestr(entry, data, zipfile.ZIP_STORED if path.endswith(".wav") else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _settings(piece: Piece, recipe: dict[str, object] | None, stems: dict[str, Audio], soundfont: str) -> bytes:
    music = piece.music
    values = {
        "recipe": recipe,
        "piece": {
            "style": music.style, "key": str(music.key), "tempo": music.tempo, "bars": music.bars,
            "programs": {track.role: track.program for track in music.tracks},
            **({} if music.metre == FOUR_FOUR else {"metre": music.metre.name}),  # as in a request
        },
        "sound": {
            "soundfont": soundfont, "frames a second": piece.loop.rate, "frames of the loop": len(piece.loop.samples),
            "stems": list(stems),
        },
    }  # fmt: skip
    return (json.dumps(values, indent=1, sort_keys=True) + "\n").encode()


def _licence(soundfont: str) -> str:
    known = (text for start, text in _SOUNDFONTS.items() if soundfont.lower().startswith(start))
    about = next(known, f"{soundfont}, under its own licence")
    return f"""{LICENCE}

No credit is needed and no fee is due. That holds for the models that come with musicgen; a model that somebody else
trained comes with their word, in its model card. settings.json names the model.

The sound was made by FluidSynth with the soundfont {about}.
The notes (.mid, .musicxml) have nothing of it.

The files stems/*.wav and the file that ends in -loop.wav are exactly as long as the bars of the piece: what rings on
after the last bar is at the beginning, so that they can be repeated without a gap. The stems together are the loop,
before its peaks were turned down; where one alone would have been too loud, all are less loud by the same amount.
"""
