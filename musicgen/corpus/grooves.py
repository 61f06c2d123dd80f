"""Table of the MMA grooves of each metre and style: the library's, and bands of our own where it has few or none.

MMA's library (Debian package mma, folders stdlib, pflib and alexis) knows no reggae and little dance or game
music, and few waltzes and jigs; `bands` adds them as step patterns. The folders converted
from makers' keyboards and drum machines (casio, yamaha, kara, zoom) are left out: whose patterns they are is unclear.
Every groove of `GROOVES` was run on a chord chart: drums, bass and chords play in all but a few of its bars.
"""

from __future__ import annotations

import hashlib
import re

from musicgen.corpus.bands import BANDS
from musicgen.music import SIX_EIGHT
from musicgen.roles import STYLE_BY_NAME

_LIBRARY: dict[str, dict[str, str]] = {}
_LIBRARY["4/4"] = {
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
_LIBRARY["3/4"] = {
    "rock": "rockwaltz: RockWaltz RockWaltzSus RockWaltz1 RockWaltz1Sus RockWaltzWalk RockWaltz1WalkSus",
    "jazz": """jazzwaltz: JazzWaltz JazzWaltzSus JazzWaltz1 JazzWaltz2 JazzWaltz2Sus modernjazzwaltz: ModernJazzWaltz
        ModernJazzWaltz1 ModernJazzWaltz2Sus fastjazzwaltz: FastJazzWaltz FastJazzWaltz1 FastJazzWaltz2Sus""",
    "latin": "latinwaltz: LatinWaltz LatinWaltzSus LatinWaltzPlus afro-cuban: Afro-Cuban Afro-CubanSus Afro-CubanPlus",
    "folk": "waltz: Waltz WaltzSus Waltz1 WaltzWalk",
    "country": "countrywaltz: CountryWaltz CountryWaltzSus CountryWaltz1 CountryWaltz2 CountryWaltzWalk",
    "trad": """vienesewaltz: VieneseWaltz VieneseWaltzSus VieneseWaltz1 broadwaywaltz: BroadwayWaltz BroadwayWaltz1
        BroadwayWaltz2Sus fastwaltz: FastWaltz FastWaltzSus FastWaltzPlus FastWaltzWalk""",
    "ballad": "waltz: Waltz1Sus",
}
_LIBRARY["6/8"] = {
    "jazz": "68swing: 68Swing 68Swing1 68Swing2 68SwingSus 68SwingPlus 68Swing1SusPlus",
    "blues": "blues68: Blues68 Blues68Plus Blues68Walk Blues68WalkPlus",
    "trad": "68march: 68March 68MarchSus",
}
"""Metre to style to words: a library file with a colon (folder stdlib unless named), then the grooves taken from it."""

_TEMPI = (
    ("8?Slow|Desert|Lullaby", 76), ("FastSwing|Bebop|FastBlues|QuickStep|Charleston|BlueGrass", 184),
    ("BigBand|Dixie|RagTime|Polka|Samba|Merengue|Salsa|Jive|Twist", 160), ("Ska|March|BWMarch|Foxtrot|Reel", 138),
    ("Rock128|Blues128|50sRock$|Spiritual", 88), ("Bolero|Beguine|Rhumba|ChaCha|Tango", 112),
    ("Trance|Techno|TeamTechno|Eurodance|Space", 138), ("HipHop|Dub|Dungeon|R&B", 90), ("metal|Gallop|Boss", 152),
    ("BossaNova|JazzRhumba", 132), ("VieneseWaltz|FastWaltz|FastJazzWaltz", 168),
)  # fmt: skip
"""Beginnings of groove names (regular expressions) and the tempo they are at home in; else the style's tempo."""
_SLOWER = 0.7
"""Beats of 6/8 to beats of 4/4 of the same style."""


def _names(words: str) -> tuple[str, ...]:
    file, names = "", []
    for word in words.split():
        if word.endswith(":"):
            file = word if "/" in word else "stdlib/" + word
        else:
            names.append(file + word)
    return tuple(names)


GROOVES: dict[str, dict[str, tuple[str, ...]]] = {
    metre: {
        style: _names(_LIBRARY[metre].get(style, "")) + tuple(f"own/{style}:{name}" for name in bands.get(style, {}))
        for style in STYLE_BY_NAME
        if style in _LIBRARY[metre] or style in bands
    }
    for metre, bands in BANDS.items()
}
"""Metre to style to MMA groove names, "folder/file:Groove"; the folder "own" is `BANDS`."""


def groove_tempo(style: str, groove: str, metre: str = "4/4") -> float:
    """Quarter notes a minute for a groove: its usual tempo, give or take 12 % by a hash of the name, always the same.

    A beat of 6/8 is a dotted quarter, of which there are fewer than of the style's beats in other metres.
    """
    name = groove.split(":")[-1]
    found = (tempo for start, tempo in _TEMPI if re.match(start, name, re.IGNORECASE))
    usual: float = next(found, STYLE_BY_NAME[style].tempo)
    share = hashlib.sha256(groove.encode()).digest()[0] / 255
    if metre == SIX_EIGHT.name:
        usual *= 1.5 * _SLOWER
    return float(round(usual * (0.88 + 0.24 * share)))
