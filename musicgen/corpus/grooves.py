"""Table of the MMA grooves of each style: the library's, and bands of our own where it has few or none.

MMA's library (Debian package mma, folders stdlib, pflib and alexis) knows no reggae and little dance or game
music; `BANDS` adds them as step patterns, which `definition` writes in MMA's language. The folders converted
from makers' keyboards and drum machines (casio, yamaha, kara, zoom) are left out: whose patterns they are is unclear.
Every groove of `GROOVES` was run on a chord chart: drums, bass and chords play in all but a few of its bars.
"""

from __future__ import annotations

import hashlib
import re

from musicgen.errors import CorpusError
from musicgen.roles import STYLE_BY_NAME

_LIBRARY = {
    "pop": """8beat: 8Beat 8BeatSus 8BeatPlus 8Beat1 8Beat1Plus 8Beat1Sus 8BeatWalk 8BeatWalkSusPlus
        bubblerock: BubbleRock BubbleRockSus BubbleRockPlus
        softrock: SoftRock SoftRockSus SoftRock1 SoftRock2""",
    "rock": """50srock: 50sRock 50sRock1 50sRock1Plus 50sRockSusPlus 60srock: 60sRock 60sRock1 60sRock1SusPlus
        basicrock: BasicRock BasicRockSus BasicRock4 BasicRock4Sus rock-128: Rock128 Rock128Plus twist: Twist Twist4Sus
        jive: Jive1 pflib/rock1: rock1A rock1B""",
    "jazz": """swing: Swing SwingWalk Swing1 Swing1WalkPlus Swing2Sus bigband: BigBand BigBand1Plus BigBand8
        jazzcombo: JazzCombo JazzCombo1 JazzCombo2Plus bebop: Bebop fastswing: FastSwing FastSwingWalkSus
        modernjazz: ModernJazz ModernJazz1Sus mellowjazz: MellowJazz nitejazz: NiteJazz evansish: Evansish
        slowjazz: SlowJazz SlowJazzWalkSus descendingjazz: DescendingJazz easyswing: EasySwing EasySwingWalkSus""",
    "latin": """bossanova: BossaNova BossaNovaPlus BossaNova2Sus samba: Samba SambaPlus salsa: Salsa SalsaPlus
        chacha: ChaCha ChaCha1Sus rhumba: Rhumba RhumbaTriple Rhumba2 mambo: Mambo Mambo1 Mambo3
        merengue: Merengue Merengue2 tango: Tango lighttango: LightTango beguine: Beguine bolero: Bolero son: Son
        jazzrhumba: JazzRhumba calypso: Calypso Calypso1Plus""",
    "blues": """blues: Blues Blues1 Blues1Sus BluesTriple BluesTripleL BluesTripleRSus blues128: Blues128 Blues128Plus
        slowblues: SlowBlues SlowBluesWalk4 SlowBluesWalk8 SlowBlues12Triple fastblues: FastBlues FastBlues1
        countryblues: CountryBlues CountryBluesWalk CountryBlues1Sus shuffleboggie: ShuffleBoggie ShuffleBoggie1""",
    "folk": """folkrock: FolkRock FolkRockSus FolkRockPlus bluefolk: BlueFolk BlueFolk2 BlueFolkPlus BlueFolk2SusPlus
        hillcountry: HillCountry HillCountryPlus spiritual: Spiritual SpiritualPlus zydeco: Zydeco ZydecoPlus
        polka: Polka Polka1Sus PolkaArp folkyjazz: FolkyJazzGuitarPlus""",
    "country": """countryswing: CountrySwing CountrySwing1 CountrySwing2 westernswing: WesternSwing WesternSwingPlus
        WesternSwingSus bluegrass: BlueGrass BlueGrassBottle BlueGrassSusClap slowcountry: SlowCountry SlowCountryWalk
        SlowCountryPlus SlowCountrySus hillcountry: HillCountrySusPlus desert: Desert""",
    "funk": """bvfunk: BVFunk BVFunkSus BVFunkHorns dsoul: DSoul DSoulPlus DSoulSus rb: R&B R&BSus R&BPlus
        strut: Strut Strut2 Strut2Sus lfusion: LFusion LFusion1Sus jazzrock: JazzRock JazzRockPlus JazzRockWalk
        alexis/hiphop: HipHop HipHopPlus1 HipHopSusPlus2""",
    "dance": """boneym: BoneyM BoneyMPlus BoneyMSus BoneyMSusPlus trance: Trance Trance1 Trance2 TranceBass1
        alexis/teamtechno: TeamTechnoSus""",
    "trad": """dixie: Dixie Dixie1 Dixie2 DixieStrum dixiemarch: DixieMarch
        charleston: Charleston Charleston1Plus Charleston2 CharlestonWalkSus foxtrot: Foxtrot Foxtrot1 FoxTrotPlus
        quickstep: QuickStep QuickStepDuhWalk broadway: Broadway Broadway1 Broadway2Sus march: March bwmarch: BWMarch
        softshoe: Softshoe""",
    "reggae": "ska: Ska Ska1 SkaSus SkaClap",
    "ballad": """ballad: Ballad Ballad1 BalladSusPlus guitarballad: GuitarBallad GuitarBallad1Sus
        pianoballad: PianoBallad PianoBallad1 PianoBallad2Sus popballad: PopBallad PopBallad1 PopBallad2SusPlus
        rockballad: RockBallad slowbolero: SlowBolero SlowBoleroPlus
        rb-ballad: R&B-Ballad R&B-BalladPlus slowbroadway: SlowBroadway""",
    "game": "pflib/metal1: metal1A metal1B pflib/metal2: metal2A metal2B pflib/highfive: highfiveA highfiveB",
}
"""Style to words: a library file with a colon (folder stdlib unless named), then the grooves taken from it."""

BANDS: dict[str, dict[str, str]] = {
    "reggae": {
        "OneDrop": """36 ........X....... 37 ........x....... 42 x.o.x.o.x.o.x.o.
            bass33 1.....3.5...1.-.1.....5.3...5.-. chord28 ..x...x...x...x. pad16 X.......X.......""",
        "OneDropClick": """36 ........X.......  37 ......x.X.....x. 42 x.x.x.x.x.x.x.xo
            bass33 ....1.1.3.5.-...1.1.-...5.3.1.-. chord27 ....x.......x... pad18 ..xx..xx..xx..xx""",
        "Rockers": """36 X.......x....... 38 ....x.......x... 42 x.xox.xox.xox.xo
            bass36 1.1.5.5.1.1.3.5. chord28 ..x...x...x...x. pad16 ..x.x.....x.x...""",
        "Steppers": """36 X...x...x...x... 38 ........x....... 42 ..x...x...x...xo 46 ..............x.
            bass33 1..1..5.8..5..3. chord0 ..x...x...x...x. pad16 X.......X.......""",
        "SteppersRim": """36 X...x...x...x... 37 ...x..x....x..x. 42 x.x.x.x.x.x.x.x.
            bass38 1.......5...3...1...1...-....... chord27 ....x.......x... pad16 ..x.x.x...x.x.x.""",
        "Lovers": """36 ........X.....x. 37 ....x.......x... 42 x.o.x.o.x.o.x.o. 70 xxxxxxxxxxxxxxxx
            bass33 1..3..5.6..5..3. chord4 ..x...x...x...x. pad50 X.......X.......""",
        "Roots": """36 ........X....... 38 ........x....... 42 x..xx..xx..xx..x 64 ..............xx
            bass32 1.-.1.3.5.-...3.1.-.1.5.8.-.5.3. chord28 ....xx......xx.. pad16 ..xx..xx..xx..xx""",
        "ShuffleSkank": """36 ......X..... 37 ......x..... 42 x.xx.xx.xx.x
            bass33 1..3.5..8.5.1..5.3..1... chord0 ..x..x..x..x pad16 X.....X.....""",
        "Bubble": """36 X.........x..... 38 ........x....... 42 x.x.x.x.x.x.x.x. 62 ......x.......xx
            bass33 1...1.3.5...-...1...1.5.3...-... chord27 ..x...x...x...x. pad17 .xx..xx..xx..xx.""",
        "Dub": """36 X.......X....... 37 ........x..x.... 42 ..x...x...x...x. 46 ..............X.
            bass38 1..1..1...5.3...1..1..-......... chord28 ....x.......x... pad89 X.......X.......""",
    },
    "dance": {
        "House": """36 X...X...X...X... 39 ....x.......x... 46 ..x...x...x...x. 42 xo.oxo.oxo.oxo.o
            bass38 ..1...1...1...5. chord0 x..x..x...x..x.. pad89 X.......X.......""",
        "DeepHouse": """36 X...X...X...X... 37 .......x..x..... 46 ..x...x...x...x. 70 oxoxoxoxoxoxoxox
            bass38 1..1....1..3..5. chord4 ...x..x....x..x. pad50 X.......X.......""",
        "Disco": """36 X...X...X...X... 38 ....X.......X... 42 x...x...x...x... 46 ..x...x...x...x.
            bass33 1.8.1.8.1.8.1.8. chord27 ..xx..xx..xx..xx pad48 X.......X.......""",
        "DiscoStrings": """36 X...X...X...X... 38 ....X.......X..o 42 xx.xxx.xxx.xxx.x 46 ..x...x...x...x.
            54 ....x.......x... bass36 1..1..8.1..5..8. chord28 x..x..x.x..x..x. pad48 X...........X...""",
        "Techno": """36 X...X...X...X... 42 ..x...x...x...x. 39 ............x... 56 ...x.....x......
            bass38 11.11.11.11.11.1 chord81 x.....x.....x... pad89 X.......X.......""",
        "Eurodance": """36 X...X...X...X... 38 ....x.......x... 46 ..X...X...X...X. 42 xxxxxxxxxxxxxxxx
            bass38 ..11..11..11..55 chord90 x..x..x.x..x..x. pad50 X.......X.......""",
        "Electro": """36 X.....X...X..... 38 ....X.......X... 42 x.x.x.x.x.x.x.xx 39 ....x.......x..x
            bass39 1.1...1.8.1...5. chord81 x..x....x..x.... pad90 X.......X.......""",
        "Garage": """36 X.........X..... 38 ....X.......X... 42 ..xo..xo..xo..xo 37 ......x..x......
            bass38 1.....3...5..1.. chord4 ..x..x..x..x..x. pad89 X.......X.......""",
        "Breakbeat": """36 X.x.......xx.... 38 ....X..o.o..X..o 42 x.x.x.x.x.x.x.x. 51 x...x...x...x...
            bass38 1.......8.1...5. chord90 x.......x..x.... pad89 X.......X.......""",
    },
    "game": {
        "March8": """36 X...x...X...x... 38 ....X.......X... 42 x.x.x.x.x.x.x.x.
            bass38 1.1.5.5.1.1.5.5. chord80 x.xxx.xxx.xxx.xx pad48 X.......X.......""",
        "Gallop": """36 X.xxX.xxX.xxX.xx 38 ....X.......X... 42 x...x...x...x...
            bass34 1.111.111.111.11 chord30 x.xxx.xxx.xxx.xx pad48 X.......X.......""",
        "Boss": """36 XxXxXxXxXxXxXxXx 38 ....X.......X... 51 x...x...x...x... 49 X...............................
            bass34 1.1.1.1.1.1.5.5. chord30 X.....X.....X... pad48 X.......X.......""",
        "Chase": """36 X..x..X...X..x.. 38 ....X..o....X..o 42 xxxxxxxxxxxxxxxx
            bass38 1.1.8.1.1.8.1.5. chord81 x..x..x.x..x..x. pad62 X.......X.......""",
        "Overworld": """36 X.....x.X....... 38 ....x.......x..o 42 x.xxx.xxx.xxx.xx
            bass33 1...5...8...5... arp80 x.x.x.x.x.x.x.x. pad48 X.......X.......""",
        "Dungeon": """36 X.......X..x.... 47 ......x.......x. 42 x...x...x...x...
            bass39 1.......5....... arp88 x..x..x..x..x.x. pad52 X.......X.......""",
        "Puzzle": """36 X...x...X...x... 37 ....x..x....x..x 70 x.xox.xox.xox.xo
            bass32 1.5.1.5.1.5.3.5. arp12 xxxxxxxxxxxxxxxx pad89 X.......X.......""",
        "Castle": """36 X.......X....... 38 ....x.xx....x.xx 49 X...............................
            bass43 1...3...5...3... arp6 x.xxx.xxx.xxx.xx pad48 X.......X.......""",
        "Space": """36 X.........X..... 38 ....X.......X... 46 ..x...x...x...x.
            bass38 1111111111111111 arp81 xxxxxxxxxxxxxxxx pad90 X.......X.......""",
        "Racing": """36 X..X..X.X..X..X. 38 ....X.......X... 42 x.x.x.x.x.x.x.x. 46 ..............x.
            bass36 1.1.1.8.1.1.1.5. chord29 X.....X.....X.x. pad18 X.......X.......""",
    },
    "folk": {
        "FingerPick": """36 X.......X....... 37 ....x.......x... 70 x.o.x.o.x.o.x.o.
            bass32 1.......5....... arp25 x.x.x.x.x.x.x.x. pad49 X.......X.......""",
        "Travis": """36 x...x...x...x... 42 ....x.......x... 54 ....x.......x...
            bass32 1...5...1...5... arp25 x.xxx.xxx.xxx.xx pad21 X.......X.......""",
        "Reel": """36 X...x...X...x... 64 x.ox.ox.x.ox.ox. 54 ..x...x...x...x.
            bass32 1...5...1...3... chord25 x.x.xxx.x.x.xxx. pad21 X.......X.......""",
        "CampFire": """36 X.....x.X.....x. 39 ....x.......x... 70 x.xox.xox.xox.xo
            bass32 1.....1.5....... chord25 X...x.xx..xxx.x. pad22 X.......X.......""",
    },
}
"""Our own bands: style to name to tracks, each a word pair of instrument and steps.

A number is a drum (General MIDI key); bass, chord, pad and arp have a General MIDI program appended, from 0.
Steps are sixteenths, or eighth triplets where a bar has 12. "." goes on, "-" stops a bass note. Drums: "X" loud,
"x" plain, "o" soft. Bass: the degree of the chord's scale, 8 for the octave. Others: "x" short, "X" held.
Two bars may be given. Written for this project.
"""

_TEMPI = (
    ("8?Slow|Desert|Lullaby", 76), ("FastSwing|Bebop|FastBlues|QuickStep|Charleston|BlueGrass", 184),
    ("BigBand|Dixie|RagTime|Polka|Samba|Merengue|Salsa|Jive|Twist", 160), ("Ska|March|BWMarch|Foxtrot|Reel", 138),
    ("Rock128|Blues128|50sRock$|Spiritual", 88), ("Bolero|Beguine|Rhumba|ChaCha|Tango", 112),
    ("Trance|Techno|TeamTechno|Eurodance|Space", 138), ("HipHop|Dub|Dungeon|R&B", 90), ("metal|Gallop|Boss", 152),
    ("BossaNova|JazzRhumba", 132),
)  # fmt: skip
"""Beginnings of groove names (regular expressions) and the tempo they are at home in; else the style's tempo."""


_HIT = {"X": 115, "x": 90, "o": 55}
"""Velocities of drum steps."""


def _names(words: str) -> tuple[str, ...]:
    file, names = "", []
    for word in words.split():
        if word.endswith(":"):
            file = word if "/" in word else "stdlib/" + word
        else:
            names.append(file + word)
    return tuple(names)


GROOVES: dict[str, tuple[str, ...]] = {
    style: _names(words) + tuple(f"own/{style}:{name}" for name in BANDS.get(style, {}))
    for style, words in _LIBRARY.items()
}
"""Our style names to MMA groove names, "folder/file:Groove"; the folder "own" is `BANDS`."""


def groove_tempo(style: str, groove: str) -> float:
    """Beats a minute for a groove: its usual tempo, give or take 12 % by a hash of the name, always the same."""
    name = groove.split(":")[-1]
    usual = next((tempo for start, tempo in _TEMPI if re.match(start, name, re.IGNORECASE)), STYLE_BY_NAME[style].tempo)
    share = hashlib.sha256(groove.encode()).digest()[0] / 255
    return float(round(usual * (0.88 + 0.24 * share)))


def definition(groove: str) -> list[str]:
    """Lines of MMA that put a groove in force.

    Raises:
        CorpusError: a name under "own/" that is not in `BANDS`.
    """
    if not groove.startswith("own/"):
        return [f"Groove {groove}"]
    style, _, name = groove.removeprefix("own/").partition(":")
    words = BANDS.get(style, {}).get(name, "").split()
    if not words:
        raise CorpusError(f"Expected a band of BANDS. Received: {groove!r}.")
    tracks = list(zip(words[::2], words[1::2], strict=True))
    lines = ["SeqClear", "Time 4", "TimeSig 4 4", f"SeqSize {max(_bars(steps) for _, steps in tracks)}"]
    for instrument, steps in tracks:
        lines += _track(instrument, steps)
    return lines


def _bars(steps: str) -> int:
    return 2 if len(steps) in (24, 32) else 1


def _track(instrument: str, steps: str) -> list[str]:
    kind, number = re.fullmatch(r"([a-z]*)(\d+)", instrument).groups()  # type: ignore[union-attr]
    per_bar = len(steps) // _bars(steps)
    bars = []
    for start in range(0, len(steps), per_bar):
        events = []
        for step in range(per_bar):
            mark = steps[start + step]
            if mark in ".-":
                continue
            beat = f"{1 + step * 4 / per_bar:.4g}"
            rest = steps[start + step + 1 :]
            held = len(rest) - len(rest.lstrip(".")) + 1
            # MMA's own unit, 192 ticks a beat; a note may ring into the next bar of the pattern but not past its end
            long = f"{held * 768 // per_bar}t"
            short = f"{int(0.8 * 768 / per_bar)}t"
            if kind == "":
                events.append(f"{beat} 0 {_HIT[mark]}")
            elif kind == "bass":
                events.append(f"{beat} {long} {'1+' if mark == '8' else mark} 90")
            else:
                events.append(f"{beat} {long if mark == 'X' else short} {75 if kind == 'pad' else 90}")
        bars.append("{" + "; ".join(events) + "}" if events else "z")
    name = {"": "Drum-", "bass": "Bass-", "chord": "Chord-", "pad": "Chord-Pad", "arp": "Arpeggio-"}[kind] + number
    lines = [f"Begin {name}", f"  Tone {number}" if kind == "" else f"  Voice {number}", f"  Sequence {' '.join(bars)}"]
    if kind in ("chord", "pad"):
        lines.append("  Voicing Mode=Optimal")
    if kind == "pad":
        lines.append("  Unify On")  # a chord that is struck again rings on; one that changed in mid-bar is heard
    if kind == "arp":
        lines += ["  Octave 5", "  Direction BOTH"]
    if kind == "bass":
        lines.append("  Octave 3")
    return [*lines, "  RVolume 8", "End"]
