"""Bands of our own, as step patterns, for styles and metres of which MMA's library has few grooves or none."""

from __future__ import annotations

from musicgen.music import FOUR_FOUR, SIX_EIGHT, THREE_FOUR

_FOUR_FOUR: dict[str, dict[str, str]] = {
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

_THREE_FOUR: dict[str, dict[str, str]] = {
    "pop": {
        "PopWaltz": """36 X........... 38 ....x...x... 42 x.x.x.x.x.x. bass33 1.....5.8... chord0 ....x...x...
            pad48 X...........""",
        "Anthem3": """36 X.....X..... 38 ........X... 42 xoxoxoxoxoxo bass33 1.1.1.1.5.5. chord27 X.....x.x...
            pad50 X...........""",
        "Sunday3": """36 X.....x..... 37 ....x...x... 70 x.xox.xox.xo bass33 1...3...5... arp4 x.x.x.x.x.x.
            pad89 X...........""",
    },
    "rock": {
        "Power3": """36 X.x...x..... 38 ....X...X... 46 x.x.x.x.x.x. bass34 1.1.1.1.5.5. chord30 X...x.x.X...
            pad18 X...........""",
    },
    "blues": {
        "BluesWaltz": """36 X........ 38 ...x..x.. 42 x.xx.xx.x bass32 1..3..5.. chord18 ...x.xx.x pad16 X........""",
        "Gospel3": """36 X....x... 38 ......x.. 51 x.xx.xx.x bass33 1....35.. chord0 X..x.xx.. pad18 X........""",
        "Slow3": """36 X.....x.. 37 ...x..x.. 42 xxxxxxxxx bass33 1..8..5.. chord27 x.xx.xx.x pad16 X........""",
    },
    "folk": {
        "FingerPick3": """36 X........... 37 ........x... 70 x.o.x.o.x.o. bass32 1.......5... arp25 x.x.x.x.x.x.
            pad49 X...........""",
        "Mazurka": """36 X........... 38 ....o...x... 54 ....x...x... bass32 1.......5... chord25 x..xx...x...
            pad21 X...........""",
        "Harvest": """36 X.....x..... 39 ....x...x... 70 x.xox.xox.xo bass32 1...5...3... chord25 x...x.xxx.x.
            pad22 X...........""",
    },
    "country": {
        "Barn3": """36 X........... 38 ....x...x... 42 x.x.x.x.x.x. bass32 1.......5... chord25 ....x.x.x...
            pad110 X...........""",
    },
    "funk": {
        "Funk3": """36 X..x..x..... 38 ....X....x.. 42 xxxxxxxxxxxx bass36 1..1..5.8.-. chord28 ..x..x...xx.
            pad62 X...........""",
        "Soul3": """36 X.....x.x... 38 ....x.....x. 42 x.x.x.x.x.x. bass33 1..3..5...3. chord16 X.....x.....
            pad48 X...........""",
        "Pocket3": """36 X.....x..x.. 38 ....X..o.... 42 x.xxx.xxx.xx bass36 1.1...8.5.3. chord7 ..x..xx..x..
            pad16 X...........""",
    },
    "dance": {
        "Spin3": """36 X...X...X... 39 ........x... 42 ..x...x...x. bass38 1.1.5.1.8.1. chord81 x..x..x..x..
            pad89 X...........""",
        "House3": """36 X...X...X... 38 ....x....... 46 ..x...x...x. bass38 ..1...1...5. chord4 ..x..x..x...
            pad50 X...........""",
        "Trance3": """36 X...X...X... 42 xxxxxxxxxxxx 39 ....x....... bass39 .1.1.1.1.1.5 chord90 x.xx.xx.x.x.
            pad90 X...........""",
    },
    "reggae": {
        "Skank3": """36 ....X....... 37 ....x....... 42 x.o.x.o.x.o. bass33 1...3.5.-... chord28 ..x...x...x.
            pad16 X...........""",
        "Dub3": """36 X........... 37 ........x... 42 ..x...x...x. bass38 1..1..5...-. chord27 ..x...x...x.
            pad16 ..x.x.....x.""",
        "Roots3": """36 X.......x... 38 ....x....... 70 x.o.x.o.x.o. bass32 1.-.5.3.1.-. chord28 ..xx..xx..xx
            pad17 X...........""",
    },
    "ballad": {
        "Piano3": """36 X........... 37 ........x... 42 x.x.x.x.x.x. bass33 1.......5... arp0 x.x.x.x.x.x.
            pad48 X...........""",
        "Lullaby3": """36 X........... 37 ....o...o... 70 x.o.x.o.x.o. bass32 1........... chord46 x...x...x...
            pad89 X...........""",
        "Big3": """36 X.....x..... 38 ........X... 42 x.x.x.x.x.x. bass33 1.....1.5... chord4 X.......x...
            pad50 X...........""",
    },
    "game": {
        "Carousel": """36 X........... 38 ....x...x... 42 ....x...x... bass43 1...5...3... chord20 ....x...x...
            pad48 X...........""",
        "Castle3": """36 X.......x... 47 ....x....... 49 X........... bass43 1...3...5... arp6 x.x.x.x.x.x.
            pad48 X...........""",
        "Boss3": """36 XxXxXxXxXxXx 38 ....X...X... 42 x.x.x.x.x.x. bass34 1.1.1.1.5.5. chord30 X.....X.....
            pad48 X...........""",
        "Sky3": """36 X.....x..... 38 ........x... 46 ..x...x...x. bass38 1...5...8... arp81 xxxxxxxxxxxx
            pad90 X...........""",
    },
}
_SIX_EIGHT: dict[str, dict[str, str]] = {
    "pop": {
        "Sway": """36 X........... 38 ......X..... 42 x.x.x.x.x.x. bass33 1.....5..... chord0 x.x.x.x.x.x.
            pad48 X...........""",
        "Ride6": """36 X...x....... 38 ......X..... 51 x.x.x.x.x.x. bass33 1...1.5...5. chord27 X.....X.....
            pad50 X...........""",
        "Breeze6": """36 X.......x... 37 ......x..... 70 x.x.x.x.x.x. bass33 1...3.5...3. arp4 x.x.x.x.x.x.
            pad89 X...........""",
    },
    "rock": {
        "SlowRock6": """36 X...x....... 38 ......X..... 42 x.x.x.x.x.x. bass33 1.1.1.5.5.5. chord29 X.....x.x.x.
            pad18 X...........""",
        "Arena6": """36 X.X.....X... 38 ......X..... 46 x...x.x...x. bass34 1.1.1.1.1.1. chord30 X.....X.....
            pad48 X...........""",
        "Doowop6": """36 X........... 38 ......x..... 51 x.x.x.x.x.x. bass32 1...3.5...3. chord0 x.x.x.x.x.x.
            pad52 X...........""",
    },
    "jazz": {
        "Spang6": """36 X.......o... 38 ......o...x. 51 x...x.x...x. bass32 1...5.8...5. chord0 ....x.......
            pad26 X...........""",
    },
    "latin": {
        "Bembe": """36 X.....X..... 62 ..x.x...x.x. 70 x.x.x.x.x.x. bass32 1.....5.8... chord0 x..x..x.x...
            pad48 X...........""",
        "Guajira6": """36 ....X.....X. 63 x...x.x...x. 70 x.xxx.x.xxx. bass32 1...5.....3. chord24 x.x.x.x.x.x.
            pad48 X...........""",
        "Huapango": """36 X.....x..... 37 ....x.....x. 70 xoxoxoxoxoxo bass32 1...5...8... chord25 x.x.xxx.x.xx
            pad56 X...........""",
    },
    "blues": {
        "Shuffle6": """36 X...x....... 38 ......X..... 42 x...x.x...x. bass33 1...3.5...6. chord16 x...x.x...x.
            pad18 X...........""",
    },
    "folk": {
        "Jig": """36 X.....X..... 54 ....x.....x. 64 x.o.x.x.o.x. bass32 1.....5..... chord25 x...x.x...x.
            pad21 X...........""",
        "Shanty": """36 X.....X..... 39 ......x..... 70 x.x.x.x.x.x. bass32 1.....5..... chord22 ....x.....x.
            pad21 X...........""",
        "FingerPick6": """36 X........... 37 ......x..... 70 x.o.x.o.x.o. bass32 1.....5..... arp25 x.x.x.x.x.x.
            pad49 X...........""",
    },
    "country": {
        "Jog": """36 X........... 38 ......x..... 42 x...x.x...x. bass32 1.....5..... chord25 ....x.....x.
            pad49 X...........""",
        "Porch6": """36 X.......x... 37 ......x..... 42 x.x.x.x.x.x. bass33 1.....5...3. arp25 x.x.x.x.x.x.
            pad110 X...........""",
    },
    "funk": {
        "Funk6": """36 X..x....x... 38 ......X....x 42 x.xxx.x.xxx. bass36 1..1..5.8.-. chord28 ..x.x...x.x.
            pad62 X...........""",
        "Soul6": """36 X...x....... 38 ......X..... 42 x.x.x.x.x.x. bass33 1...3.5..... chord16 X.....x.x.x.
            pad48 X...........""",
    },
    "dance": {
        "Spin6": """36 X.....X..... 39 ......x..... 42 ..x.x...x.x. bass38 1.1.1.5.8.5. chord81 x...x.x...x.
            pad89 X...........""",
        "Trance6": """36 X.....X..... 42 x.x.x.x.x.x. 46 ....x.....x. bass39 ..1.1...1.5. chord90 x.xx.xx.xx.x
            pad90 X...........""",
    },
    "trad": {
        "TwoStep6": """36 X.....X..... 38 ....x.x...x. 42 x...x.x...x. bass58 1.....5..... chord0 ....x.....x.
            pad57 X...........""",
        "Parade6": """36 X.....x..... 38 x.xxx.x.xxx. 49 X....................... bass58 1.....5.....
            chord21 ....x.....x. pad61 X...........""",
    },
    "reggae": {
        "Nyabinghi": """36 X.....o..... 62 ....x.....xx 70 x.x.x.x.x.x. bass33 1...3.5..... chord28 ....x.....x.
            pad16 X...........""",
        "Skank6": """36 ......X..... 37 ......x..... 42 x...x.x...x. bass33 1..3..5...8. chord28 ....x.....x.
            pad17 ..x.x...x.x.""",
    },
    "ballad": {
        "Piano6": """36 X........... 37 ......x..... 42 x.x.x.x.x.x. bass33 1.....5..... arp0 x.x.x.x.x.x.
            pad48 X...........""",
        "Strings6": """36 X.......x... 38 ......x..... 51 x.x.x.x.x.x. bass33 1.....1...5. chord4 X.....X.....
            pad50 X...........""",
        "Harp6": """36 X........... 37 ......o..... 70 x.o.x.o.x.o. bass32 1........... arp46 x.x.x.x.x.x.
            pad49 X...........""",
    },
    "game": {
        "Voyage": """36 X.....X..... 38 ......x...x. 42 x.x.x.x.x.x. bass43 1...5.8...5. arp6 x.x.x.x.x.x.
            pad48 X...........""",
        "Gallop6": """36 X.xxx.X.xxx. 38 ......X..... 42 x...x.x...x. bass34 1.111.1.111. chord30 X.....X.....
            pad48 X...........""",
        "Meadow6": """36 X.....x..... 54 ....x.....x. 70 x.x.x.x.x.x. bass32 1.....5..... chord80 x...x.x...x.
            pad89 X...........""",
    },
}
_BANDS = {FOUR_FOUR: _FOUR_FOUR, THREE_FOUR: _THREE_FOUR, SIX_EIGHT: _SIX_EIGHT}
BANDS: dict[str, dict[str, dict[str, str]]] = {metre.name: bands for metre, bands in _BANDS.items()}
"""Metre to style to name to tracks, each a word pair of instrument and steps. Names are unique within a style.

A number is a drum (General MIDI key); bass, chord, pad and arp have a General MIDI program appended, from 0.
Steps are sixteenths, or eighth triplets where a bar of 4/4 has 12, or one of 3/4 has 9. "." goes on, "-" stops a bass
note. Drums: "X" loud, "x" plain, "o" soft. Bass: the degree of the chord's scale, 8 for the octave. Others: "x" short,
"X" held. Two bars may be given. Written for this project.
"""
