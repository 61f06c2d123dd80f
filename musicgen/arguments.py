"""What the command line takes: its commands and their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from musicgen import __version__
from musicgen.errors import RequestError
from musicgen.music import FOUR_FOUR, METRES
from musicgen.request import ATTRIBUTE_RANGES, BAR_CHOICES, DEFAULT_TEMPERATURE, Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

_ENDINGS = ".mid .wav .mp3 .ogg .flac .loop.wav .musicxml .zip"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}. Try: {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """Of a command, as `command`, and what it is given; of one that changes a piece, `values` names its own."""
    result = _Parser(prog="musicgen", description="Multi-track music from models of freely licensed music.")
    result.add_argument("--version", action="version", version=__version__)
    commands = result.add_subparsers(dest="command", required=True, parser_class=_Parser)

    generate = commands.add_parser("generate", help="make a piece, or many")
    generate.add_argument("--model", default="vae", help="a bundled name, a folder, or org/name@revision on the Hub")
    generate.add_argument(
        "--words", help='what to make, such as "a sad slow ballad with busy drums"; the options below win over it'
    )
    usual = Request()
    generate.add_argument("--style", help=f"{', '.join(STYLE_NAMES)}; {usual.style} if not given")
    generate.add_argument(
        "--bars", type=_number, help=f"one of {', '.join(map(str, BAR_CHOICES))}; {usual.bars} if not given"
    )
    generate.add_argument("--tempo", type=_number, help="beats a minute; the style's own if not given")
    generate.add_argument("--key", help=f'such as "A minor"; {usual.key} if not given')
    generate.add_argument("--seed", type=_number, default=usual.seed, help="the same seed gives the same bytes")
    generate.add_argument("--temperature", type=_number, help=f"0 to 1.5; {usual.temperature:g} if not given")
    generate.add_argument("--roles", type=_names, help="which play, separated by commas; all if not given")
    for name, (low, high, unit) in ATTRIBUTE_RANGES.items():
        generate.add_argument(
            f"--{name}", type=_number, help=f"{low:g} to {high:g} {unit}; the model's choice if not given"
        )
    generate.add_argument("--chords", help='such as "Am F C G", or "Am F | C G" with bar lines; repeated')
    generate.add_argument("--form", help="a letter for each section, such as AABA; repeated")
    generate.add_argument(
        "--section-bars", type=_number, help="length of a section; the form fits the piece if not given"
    )
    generate.add_argument("--metre", help=f"{', '.join(METRES)}, where the model knows it; {usual.metre} if not given")
    generate.add_argument(
        "--ending", action=argparse.BooleanOptionalAction,
        help="whether pieces come to an end, as songs do; they do if not given, but for a .loop.wav",
    )  # fmt: skip
    _add_performance(generate)
    generate.add_argument("--count", type=_number, default=1, help="how many pieces, with seeds from --seed on")
    _add_scheduler(generate)
    generate.add_argument("--out", type=Path, required=True, help=f"a file ({_ENDINGS}) or a folder")

    _add_changes(commands)

    prepare = commands.add_parser("prepare", help="build the encoded data set")
    prepare.add_argument("--corpus", type=Path, required=True, help="the folder of the archives")
    prepare.add_argument("--out", type=Path, required=True, help="the folder to write")
    prepare.add_argument(
        "--source", action="append", help="only this source, or folder:PATH for MIDI files of yours; may be repeated"
    )
    prepare.add_argument("--style", help="style of the music in the folders; the folder's name, or pop, if not given")
    prepare.add_argument("--download", action="store_true", help="bring missing archives from their public addresses")
    prepare.add_argument("--mirror", help="address that replaces those hosts, such as https://example.org")
    prepare.add_argument("--seed", type=int, default=0)
    _add_scheduler(prepare)

    train = commands.add_parser("train", help="train a model; the same command resumes it")
    train.add_argument("model", choices=["vae", "gan", "notes"])
    train.add_argument(
        "--data", type=Path, required=True, help="a folder made by prepare; with --from, or of MIDI files of yours"
    )
    train.add_argument("--run", dest="folder", type=Path, help="the folder of the run; runs/MODEL-DATA if not given")
    train.add_argument(
        "--from", dest="start", type=Path, help="a checkpoint to go on from; for a gan or notes, the VAE's"
    )
    train.add_argument("--style", help="style that MIDI files of yours are taken for; as they sound if not given")
    train.add_argument("--devices", type=_whole, help="how many to train on at once; all that are there if not given")
    train.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a value of the plan")

    evaluate = commands.add_parser("evaluate", help="compare models with held-out songs")
    evaluate.add_argument("--model", action="append", help="a model or a rung of the ladder; may be repeated")
    evaluate.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    evaluate.add_argument("--count", type=_number, default=500, help="pieces of sixteen bars a model")
    evaluate.add_argument("--temperature", type=_number, default=DEFAULT_TEMPERATURE, help="0 to 1.5")
    evaluate.add_argument("--seeds", type=_whole, default=3, help="times that every request is answered, 1 to 10")
    evaluate.add_argument("--metre", default=FOUR_FOUR.name, help=f"of songs and pieces: {', '.join(METRES)}")
    evaluate.add_argument(
        "--learned",
        type=_whole,
        default=2000,
        help="songs that each network of the learned ear is trained on, 0 for none",
    )
    evaluate.add_argument("--audio", action="store_true", help="put the sound of the pieces shown into the page")
    _add_scheduler(evaluate)
    evaluate.add_argument("--out", type=Path, required=True, help="the folder of report.json and report.html")

    original = commands.add_parser(
        "original", help="which training songs does a piece share its longest stretches with?"
    )
    original.add_argument("file", type=Path, help="a MIDI file, anyone's")
    original.add_argument("--index", type=Path, help="a folder made by index; the one that ships if not given")

    index = commands.add_parser("index", help="build the index of training songs for original")
    index.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    index.add_argument("--out", type=Path, required=True, help="the folder to write")
    _add_scheduler(index)

    publish = commands.add_parser("publish", help="push a model, or the page as a Space, to the Hugging Face Hub")
    publish.add_argument("what", metavar="MODEL", help='a bundled name, a folder, or "space" for the page')
    publish.add_argument("--repo", required=True, help="org/name; made if it is not there")
    publish.add_argument("--report", type=Path, help="report.json of evaluate, for the table in the model card")
    publish.add_argument("--model", help="of a Space: org/name@commit that it loads; the bundled one if not given")
    publish.add_argument("--dry-run", action="store_true", help="show exactly what would go up, and push nothing")

    benchmark = commands.add_parser("benchmark", help="measure speed on this machine")
    benchmark.add_argument("--model", default="vae")
    benchmark.add_argument("--rounds", type=int, default=50)
    benchmark.add_argument("--out", type=Path, help="a .json file; printed if not given")
    return result


def _add_changes(commands: Any) -> None:
    """The commands that begin with MIDI files, anyone's."""

    def change(name: str, about: str, values: dict[str, dict[str, Any]]) -> None:
        parser = commands.add_parser(name, help=about)
        parser.add_argument("file", type=Path, help="a MIDI file")
        parser.add_argument("--model", default="vae", help=model)
        parser.add_argument("--style", help="what to take the piece for; as the file says if not given")
        parser.add_argument("--keep-beat", action="store_true", help=beat)
        parser.add_argument("--seed", type=_number, default=0, help="the same seed gives the same bytes")
        parser.add_argument("--out", type=Path, required=True, help=f"a file ({_ENDINGS})")
        _add_performance(parser)
        for value, settings in values.items():
            parser.add_argument(f"--{value}", **settings)
        parser.set_defaults(values=tuple(values))

    model = "a bundled name, a folder, or org/name@revision on the Hub"
    beat = "keep the file's beat even where its notes do not follow it"
    names = ", ".join(ROLE_NAMES)
    strength: dict[str, Any] = {"type": _number, "help": "share of the notes that are to change, 0 to 1"}
    keep = {"default": "", "help": f"roles to keep note for note: {names}"}
    roles = {"default": "", "help": f"of {names}; all that there are if not given"}
    change("vary", "change a piece", {"strength": strength | {"default": 0.3}, "keep": keep})
    bars = {"help": 'such as "5-8" or "1-4,9"; all if not given'}
    chords = {"help": 'of the whole piece, such as "Am F | C G", repeated; those that are there if not given'}
    change("infill", "make bars of roles anew, to fit what stays", {"bars": bars, "roles": roles, "chords": chords})
    change("accompany", "put a band around a piece", {"roles": roles})
    more = {"type": _whole, "default": 8, "help": "how many more bars"}
    change("continue", "go on from the end of a piece", {"bars": more})
    to = {"required": True, "help": ", ".join(STYLE_NAMES)}
    change(
        "restyle", "lead a piece into another style", {"to": to, "strength": strength | {"default": 0.7}, "keep": keep}
    )

    morph = commands.add_parser("morph", help="the way from one piece to another")
    morph.add_argument("first", type=Path, help="a MIDI file")
    morph.add_argument("last", type=Path, help="a MIDI file")
    morph.add_argument("--model", default="vae", help=model)
    morph.add_argument("--keep-beat", action="store_true", help=beat)
    morph.add_argument("--steps", type=_whole, default=5, help="pieces on the way, both ends included")
    morph.add_argument("--out", type=Path, required=True, help="a folder")


def _add_performance(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--humanise", type=_number, help="how much it is played as people play: 0 (on the grid) to 100 per cent"
    )
    command.add_argument(
        "--swing", type=_number, help="where the second half of a beat begins: 50 (straight) to 67 (triplets) per cent"
    )


def _add_scheduler(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="a Dask scheduler to work on; processes of this machine if not given",
    )


def _names(text: str) -> tuple[str, ...]:
    """Names as typed; whether there are such is for `Request` to say."""
    return tuple(name.strip() for name in text.split(","))


def _whole(text: str) -> int:
    """A whole number as typed."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number. Received: {text[:40]!r}") from None


def _number(text: str) -> float | int:
    """A number as typed; whether it is a possible one is for `Request` to say."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a number. Received: {text[:40]!r}") from None
