"""Tables: the roles of a band, the drum kit, the styles. Append rows only: models store positions in them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """One chair of the band.

    `low` and `high` are the inclusive MIDI pitch range of a pitched role. Drums have pitches of the
    General MIDI percussion map instead, see `DRUM_PITCHES`.
    """

    name: str
    label: str
    low: int
    high: int
    program: int
    """Default General MIDI program, 0 to 127."""

    @property
    def is_drums(self) -> bool:
        return self.name == "drums"


ROLES: tuple[Role, ...] = (
    Role("melody", "Melody", 48, 95, 73),
    Role("chords", "Chords", 36, 83, 0),
    Role("pad", "Pad", 36, 83, 48),
    Role("bass", "Bass", 24, 59, 33),
    Role("drums", "Drums", 35, 81, 0),
)
ROLE_NAMES: tuple[str, ...] = tuple(role.name for role in ROLES)
ROLE_BY_NAME: dict[str, Role] = {role.name: role for role in ROLES}
PITCHED: tuple[int, ...] = tuple(index for index, role in enumerate(ROLES) if not role.is_drums)
"""Places in `ROLES` of those that have pitches."""

DRUM_PITCHES: tuple[int, ...] = (
    36, 38, 37, 39, 42, 44, 46, 45, 47, 50, 49, 51, 53, 54, 56, 70, 62, 64, 75, 81,
)  # fmt: skip
"""The canonical General MIDI pitch of each drum class: kick, snare, side stick, clap, closed, pedal and open
hi-hat, low, mid and high tom, crash, ride, ride bell, tambourine, cowbell, shaker, high and low hand drum,
claves, triangle."""

_DRUM_CLASS_OF: dict[int, int] = {
    35: 36, 36: 36, 38: 38, 40: 38, 37: 37, 39: 39, 42: 42, 44: 44, 46: 46,
    41: 45, 43: 45, 45: 45, 47: 47, 48: 50, 50: 50, 49: 49, 52: 49, 55: 49, 57: 49,
    51: 51, 59: 51, 53: 53, 54: 54, 56: 56, 69: 70, 70: 70, 82: 70,
    60: 62, 62: 62, 63: 62, 65: 62, 61: 64, 64: 64, 66: 64, 67: 56, 68: 56,
    75: 75, 76: 75, 77: 75, 73: 75, 74: 75, 80: 81, 81: 81,
}  # fmt: skip
# vibraslap, sticks, slap, jingle bell, bell tree, castanets, surdos
_GM2 = _DRUM_CLASS_OF | {58: 70, 31: 37, 28: 39, 83: 54, 84: 81, 85: 75, 86: 64, 87: 64}
_DRUM_LAYOUTS: dict[str, dict[int, int]] = {
    "gm": _GM2,
    # pads of electronic kits (Roland, Alesis, and samplers after them): edges of the hi-hat, the rim of the third tom
    "kit": _GM2 | {21: 44, 22: 42, 23: 46, 24: 46, 25: 46, 26: 46, 58: 45},
    # Roland GS: snare roll, finger snap
    "gs": _GM2 | {25: 38, 26: 39},
    # Yamaha XG: surdos, whip, finger snap, brushes and snares, castanet, sticks, kick, open rim shot
    "xg": _DRUM_CLASS_OF | {13: 64, 14: 64, 16: 39, 19: 39, 25: 38, 26: 38, 27: 38, 28: 38, 29: 38, 30: 75, 31: 38,
                            32: 37, 33: 36, 34: 38, 58: 70, 83: 54, 84: 81},
}  # fmt: skip


def canonical_drum(pitch: int, layout: str = "gm") -> int | None:
    """The member of `DRUM_PITCHES` that stands for a percussion pitch, or None if there is none.

    Args:
        layout: "gm" for General MIDI, "gs" and "xg" for those of Roland and Yamaha, "kit" for pads of electronic kits.
    """
    return _DRUM_LAYOUTS[layout].get(pitch)


@dataclass(frozen=True)
class Style:
    """A style label, the tempo it is usually played at (beats a minute) and its instruments (GM programs)."""

    name: str
    label: str
    tempo: int
    melody: int
    chords: int
    pad: int
    bass: int
    kit: int = 0
    """Percussion program of the drum channel: 0 standard, 8 room, 16 power, 25 electronic, 32 jazz, 40 brush."""

    def program(self, role: str) -> int:
        """General MIDI program for a role name."""
        return {"melody": self.melody, "chords": self.chords, "pad": self.pad, "bass": self.bass, "drums": self.kit}[
            role
        ]


STYLES: tuple[Style, ...] = (
    Style("pop", "Pop", 112, 80, 4, 89, 33),
    Style("rock", "Rock", 126, 29, 27, 18, 34),
    Style("jazz", "Jazz", 132, 66, 0, 26, 32, 32),
    Style("latin", "Latin", 116, 56, 0, 48, 32),
    Style("blues", "Blues", 96, 22, 0, 16, 33, 8),
    Style("folk", "Folk", 108, 73, 25, 49, 32, 40),
    Style("country", "Country", 120, 110, 25, 49, 33),
    Style("funk", "Funk", 104, 65, 28, 61, 36),
    Style("dance", "Dance", 124, 81, 90, 89, 38, 25),
    Style("trad", "Ragtime", 128, 71, 0, 57, 58),
    Style("reggae", "Reggae", 84, 56, 28, 16, 33),
    Style("ballad", "Ballad", 76, 68, 0, 48, 33),
    Style("game", "Game", 128, 80, 30, 48, 34, 16),
    Style("classical", "Classical", 96, 40, 0, 48, 43),
)
STYLE_NAMES: tuple[str, ...] = tuple(style.name for style in STYLES)
STYLE_BY_NAME: dict[str, Style] = {style.name: style for style in STYLES}

INSTRUMENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Piano", ("Grand piano", "Bright piano", "Electric grand", "Honky-tonk", "Electric piano 1", "Electric piano 2",
               "Harpsichord", "Clavinet")),
    ("Bells and mallets", ("Celesta", "Glockenspiel", "Music box", "Vibraphone", "Marimba", "Xylophone",
                           "Tubular bells", "Dulcimer")),
    ("Organ", ("Drawbar organ", "Percussive organ", "Rock organ", "Church organ", "Reed organ", "Accordion",
               "Harmonica", "Tango accordion")),
    ("Guitar", ("Nylon guitar", "Steel guitar", "Jazz guitar", "Clean guitar", "Muted guitar", "Overdriven guitar",
                "Distortion guitar", "Guitar harmonics")),
    ("Bass", ("Acoustic bass", "Fingered bass", "Picked bass", "Fretless bass", "Slap bass 1", "Slap bass 2",
              "Synth bass 1", "Synth bass 2")),
    ("Strings", ("Violin", "Viola", "Cello", "Contrabass", "Tremolo strings", "Pizzicato strings", "Harp", "Timpani")),
    ("Ensemble", ("Strings 1", "Strings 2", "Synth strings 1", "Synth strings 2", "Choir aahs", "Voice oohs",
                  "Synth voice", "Orchestra hit")),
    ("Brass", ("Trumpet", "Trombone", "Tuba", "Muted trumpet", "French horn", "Brass section", "Synth brass 1",
               "Synth brass 2")),
    ("Reed", ("Soprano sax", "Alto sax", "Tenor sax", "Baritone sax", "Oboe", "English horn", "Bassoon", "Clarinet")),
    ("Pipe", ("Piccolo", "Flute", "Recorder", "Pan flute", "Blown bottle", "Shakuhachi", "Whistle", "Ocarina")),
    ("Synth lead", ("Square lead", "Saw lead", "Calliope lead", "Chiff lead", "Charang lead", "Voice lead",
                    "Fifths lead", "Bass and lead")),
    ("Synth pad", ("New age pad", "Warm pad", "Polysynth pad", "Choir pad", "Bowed pad", "Metallic pad", "Halo pad",
                   "Sweep pad")),
    ("Synth effects", ("Rain", "Soundtrack", "Crystal", "Atmosphere", "Brightness", "Goblins", "Echoes", "Sci-fi")),
    ("World", ("Sitar", "Banjo", "Shamisen", "Koto", "Kalimba", "Bagpipe", "Fiddle", "Shanai")),
    ("Percussion", ("Tinkle bell", "Agogo", "Steel drums", "Woodblock", "Taiko drum", "Melodic tom", "Synth drum",
                    "Reverse cymbal")),
    ("Sound effects", ("Fret noise", "Breath noise", "Seashore", "Bird tweet", "Telephone", "Helicopter", "Applause",
                       "Gunshot")),
)  # fmt: skip
"""The families of General MIDI and the names of their instruments: 16 times 8, programs 0 to 127 in order."""

KITS: dict[int, str] = {
    0: "Standard kit", 8: "Room kit", 16: "Power kit", 24: "Electronic kit", 25: "808 kit", 32: "Jazz kit",
    40: "Brush kit", 48: "Orchestra kit",
}  # fmt: skip
"""Program of the drum channel to the kit that it stands for."""
