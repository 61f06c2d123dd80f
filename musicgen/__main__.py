"""The command line. No logic: each command reads its arguments and calls the package."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from musicgen import __version__
from musicgen.errors import MusicgenError, RequestError
from musicgen.request import ATTRIBUTE_RANGES, DEFAULT_TEMPERATURE
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

_ENDINGS = ".mid .wav .mp3 .ogg .flac .loop.wav .musicxml .zip"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}. Try: {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 2 after one line on stderr about what was wrong."""
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
    except MusicgenError as error:
        print(f"musicgen: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("musicgen: stopped", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="musicgen", description="Multi-track music from models of freely licensed music.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    generate = commands.add_parser("generate", help="make a piece, or many")
    generate.add_argument("--model", default="vae", help="a bundled name, a folder, or org/name@revision on the Hub")
    generate.add_argument("--style", default="pop", help=", ".join(STYLE_NAMES))
    generate.add_argument("--bars", type=_number, default=16, help="4, 8, 16, 32 or 64")
    generate.add_argument("--tempo", type=_number, help="beats a minute; the style's own if not given")
    generate.add_argument("--key", default="C major", help='such as "A minor"')
    generate.add_argument("--seed", type=_number, default=0, help="the same seed gives the same bytes")
    generate.add_argument("--temperature", type=_number, default=DEFAULT_TEMPERATURE, help="0 to 1.5")
    generate.add_argument("--roles", default=",".join(ROLE_NAMES), help="which play, separated by commas")
    for name, (low, high, unit) in ATTRIBUTE_RANGES.items():
        generate.add_argument(
            f"--{name}", type=_number, help=f"{low:g} to {high:g} {unit}; the model's choice if not given"
        )
    generate.add_argument("--chords", help='such as "Am F C G", or "Am F | C G" with bar lines; repeated')
    generate.add_argument("--form", help="a letter for each four bars, such as AABA; repeated")
    generate.add_argument("--count", type=_number, default=1, help="how many pieces, with seeds from --seed on")
    generate.add_argument("--out", type=Path, required=True, help=f"a file ({_ENDINGS}) or a folder")
    generate.set_defaults(run=_generate)

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
    prepare.set_defaults(run=_prepare)

    train = commands.add_parser("train", help="train a model; the same command resumes it")
    train.add_argument("model", choices=["vae", "gan"])
    train.add_argument(
        "--data", type=Path, required=True, help="a folder made by prepare; with --from, or of MIDI files of yours"
    )
    train.add_argument("--run", dest="folder", type=Path, help="the folder of the run; runs/MODEL-DATA if not given")
    train.add_argument("--from", dest="start", type=Path, help="a checkpoint to go on from; for a gan, the VAE's")
    train.add_argument("--style", help="style that MIDI files of yours are taken for; as they sound if not given")
    train.add_argument("--devices", type=_whole, help="how many to train on at once; all that are there if not given")
    train.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a value of the plan")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="compare models with held-out songs")
    evaluate.add_argument("--model", action="append", help="a model or a rung of the ladder; may be repeated")
    evaluate.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    evaluate.add_argument("--count", type=_number, default=500, help="pieces of sixteen bars a model")
    evaluate.add_argument("--temperature", type=_number, default=DEFAULT_TEMPERATURE, help="0 to 1.5")
    evaluate.add_argument("--seeds", type=_whole, default=3, help="times that every request is answered, 1 to 10")
    evaluate.add_argument("--audio", action="store_true", help="put the sound of the pieces shown into the page")
    evaluate.add_argument("--out", type=Path, required=True, help="the folder of report.json and report.html")
    evaluate.set_defaults(run=_evaluate)

    original = commands.add_parser(
        "original", help="which training songs does a piece share its longest stretches with?"
    )
    original.add_argument("file", type=Path, help="a MIDI file, anyone's")
    original.add_argument("--index", type=Path, help="a folder made by index; the one that ships if not given")
    original.set_defaults(run=_original)

    index = commands.add_parser("index", help="build the index of training songs for original")
    index.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    index.add_argument("--out", type=Path, required=True, help="the folder to write")
    index.set_defaults(run=_index)

    publish = commands.add_parser("publish", help="push a model, or the page as a Space, to the Hugging Face Hub")
    publish.add_argument("what", metavar="MODEL", help='a bundled name, a folder, or "space" for the page')
    publish.add_argument("--repo", required=True, help="org/name; made if it is not there")
    publish.add_argument("--report", type=Path, help="report.json of evaluate, for the table in the model card")
    publish.add_argument("--model", help="of a Space: org/name@commit that it loads; the bundled one if not given")
    publish.add_argument("--dry-run", action="store_true", help="show exactly what would go up, and push nothing")
    publish.set_defaults(run=_publish)

    benchmark = commands.add_parser("benchmark", help="measure speed on this machine")
    benchmark.add_argument("--model", default="vae")
    benchmark.add_argument("--rounds", type=int, default=50)
    benchmark.add_argument("--out", type=Path, help="a .json file; printed if not given")
    benchmark.set_defaults(run=_benchmark)
    return parser


def _add_changes(commands: Any) -> None:
    """The commands that begin with MIDI files, anyone's."""

    def change(name: str, about: str, values: dict[str, dict[str, Any]]) -> None:
        parser = commands.add_parser(name, help=about)
        parser.add_argument("file", type=Path, help="a MIDI file")
        parser.add_argument("--model", default="vae", help=model)
        parser.add_argument("--style", help="what to take the piece for; as the file says if not given")
        parser.add_argument("--seed", type=_number, default=0, help="the same seed gives the same bytes")
        parser.add_argument("--out", type=Path, required=True, help=f"a file ({_ENDINGS})")
        for value, settings in values.items():
            parser.add_argument(f"--{value}", **settings)
        parser.set_defaults(run=_change, values=tuple(values))

    model = "a bundled name, a folder, or org/name@revision on the Hub"
    names = ", ".join(ROLE_NAMES)
    strength: dict[str, Any] = {"type": _number, "help": "0 (as it is) to 1 (another piece)"}
    keep = {"default": "", "help": f"roles to keep note for note: {names}"}
    roles = {"default": "", "help": f"of {names}; all that there are if not given"}
    change("vary", "change a piece", {"strength": strength | {"default": 0.3}, "keep": keep})
    bars = {"help": 'such as "5-8" or "1-4,9"; all if not given'}
    change("infill", "make bars of roles anew, to fit what stays", {"bars": bars, "roles": roles})
    change("accompany", "put a band around a piece", {"roles": roles})
    more = {"type": _whole, "default": 8, "help": "how many more bars"}
    change("continue", "go on from the end of a piece", {"bars": more})
    to = {"required": True, "help": ", ".join(STYLE_NAMES)}
    change("restyle", "lead a piece into another style", {"to": to, "strength": strength | {"default": 0.7}})

    morph = commands.add_parser("morph", help="the way from one piece to another")
    morph.add_argument("first", type=Path, help="a MIDI file")
    morph.add_argument("last", type=Path, help="a MIDI file")
    morph.add_argument("--model", default="vae", help=model)
    morph.add_argument("--steps", type=_whole, default=5, help="pieces on the way, both ends included")
    morph.add_argument("--out", type=Path, required=True, help="a folder")
    morph.set_defaults(run=_morph)


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


def _generate(options: argparse.Namespace) -> None:
    from musicgen.compose import write_many, write_one
    from musicgen.request import Request

    request = Request(
        options.style, options.bars, options.tempo, options.key, options.seed, options.temperature,
        tuple(role.strip() for role in options.roles.split(",")),
        **{name: getattr(options, name) for name in (*ATTRIBUTE_RANGES, "chords", "form")},
    )  # fmt: skip
    if options.out.suffix:
        if options.count != 1:
            raise RequestError(f"--out: expected a folder for {options.count} pieces. Received: {options.out}.")
        paths = [write_one(options.model, request, options.out)]
    else:
        paths = write_many(options.model, request, options.count, options.out)
    for path in paths:
        print(path)


def _change(options: argparse.Namespace) -> None:
    from musicgen.change import write_change

    values = {name: getattr(options, name) for name in options.values}
    said = write_change(
        options.command, options.model, options.file, options.out, options.seed, options.style, **values
    )
    for sentence in said:
        print(sentence, file=sys.stderr)
    print(options.out)


def _morph(options: argparse.Namespace) -> None:
    from musicgen.change import write_morph

    if options.out.suffix:
        raise RequestError(f"--out: expected a folder. Received: {options.out}.")
    paths, said = write_morph(options.model, options.first, options.last, options.steps, options.out)
    for sentence in said:
        print(sentence, file=sys.stderr)
    for path in paths:
        print(path)


def _prepare(options: argparse.Namespace) -> None:
    from musicgen.corpus.prepare import prepare
    from musicgen.corpus.sources import SOURCE_BY_NAME

    sources = options.source or tuple(SOURCE_BY_NAME)
    manifest = prepare(
        options.corpus, options.out, sources, options.seed,
        style=options.style, download=options.download, mirror=options.mirror,
    )  # fmt: skip
    print(json.dumps(manifest["kept"], indent=1))


def _train(options: argparse.Namespace) -> None:
    from musicgen.hub import write_manifest
    from musicgen.training.adapt import AdaptPlan, adapt, is_music, sentences
    from musicgen.training.fit import Plan, train_vae
    from musicgen.training.fit_gan import train_gan
    from musicgen.training.phases import GANPlan

    own = options.model == "vae" and is_music(options.data, options.start)
    run = options.folder or Path("runs") / f"{options.model}-{options.data.resolve().name}"
    values: dict[str, Any] = {}
    plan = GANPlan if options.model == "gan" else AdaptPlan if own else Plan
    known = {name: type(value) for name, value in plan().__dict__.items()}
    for item in options.set:
        name, _, text = item.partition("=")
        try:
            values[name] = known[name](text)
        except (KeyError, ValueError):
            raise RequestError(
                f"--set: expected NAME=NUMBER, a name of {', '.join(known)}. Received: {item}."
            ) from None
    if options.start is None and (own or options.model == "gan"):
        raise RequestError("--from: expected the checkpoint folder of a VAE. Received: nothing.")
    if options.devices is not None and options.model == "gan":
        raise RequestError("--devices: expected none, as the GAN is trained on one device. Received: a number of them.")
    if own:
        composer = adapt(options.data, run, options.start, AdaptPlan(**values), options.style, options.devices)
        for sentence in sentences(composer.card["adapted"]):
            print(sentence, file=sys.stderr)
    elif options.model == "vae":
        train_vae(options.data, run, Plan(**values), start=options.start, devices=options.devices)
    else:
        train_gan(options.data, run, options.start, GANPlan(**values))
    print(write_manifest(run / "checkpoint").parent)


def _evaluate(options: argparse.Namespace) -> None:
    from musicgen.evaluation.run import evaluate

    models = options.model or ["vae"]
    evaluate(models, options.data, options.out, options.count, options.temperature, options.audio, options.seeds)
    print(options.out / "report.html")


def _original(options: argparse.Namespace) -> None:
    from musicgen.originality import answer_file

    answer, said = answer_file(options.file, options.index)
    for sentence in said:
        print(sentence, file=sys.stderr)
    for sentence in answer.sentences():
        print(sentence)


def _index(options: argparse.Namespace) -> None:
    from musicgen.originality.build import build

    print(build(options.data, options.out))


def _publish(options: argparse.Namespace) -> None:
    from musicgen.publish import publish, publish_space

    if options.what == "space":
        if options.report is not None:
            raise RequestError("--report: expected a model to publish. Received: a Space.")
        print(publish_space(options.repo, model=options.model, dry_run=options.dry_run))
        return
    if options.model is not None:
        raise RequestError(f"--model: expected the word space before it. Received: {options.what}.")
    print(publish(options.what, options.repo, report=options.report, dry_run=options.dry_run))


def _benchmark(options: argparse.Namespace) -> None:
    from musicgen.benchmark import measure

    report = json.dumps(measure(options.model, options.rounds), indent=1)
    if options.out is None:
        print(report)
    else:
        from musicgen.export import write

        write(options.out, report.encode())
        print(options.out)


if __name__ == "__main__":
    sys.exit(main())
