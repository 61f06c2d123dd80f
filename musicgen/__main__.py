"""The command line. No logic: each command takes its arguments and calls the package."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from musicgen.arguments import parser
from musicgen.errors import MusicgenError, RequestError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, or 2 after one line on stderr about what was wrong."""
    try:
        options = parser().parse_args(arguments)
        _COMMANDS[options.command](options)
    except MusicgenError as error:
        print(f"musicgen: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("musicgen: stopped", file=sys.stderr)
        return 130
    return 0


def _generate(options: argparse.Namespace) -> None:
    from musicgen.make import is_loop, write_many, write_one
    from musicgen.request import Request, remarks
    from musicgen.wording import parse_description

    given = {each.name: getattr(options, each.name) for each in fields(Request)}
    given = {name: value for name, value in given.items() if value is not None}
    given.setdefault("ending", not is_loop(options.out))
    described = parse_description(options.words or "", options.style)
    if options.words is not None:
        print(described.sentence, file=sys.stderr)
    request = described.request(given)
    for sentence in (*remarks(request), *request.hearing):
        print(sentence, file=sys.stderr)
    if options.out.suffix and not options.out.is_dir():
        if options.count != 1:
            raise RequestError(f"--out: expected a folder for {options.count} pieces. Received: {options.out}.")
        paths = [write_one(options.model, request, options.out)]
    else:
        paths = write_many(options.model, request, options.count, options.out, options.scheduler)
    for path in paths:
        print(path)


def _change(options: argparse.Namespace) -> None:
    from musicgen.change import write_change
    from musicgen.recipe import Mix

    mix = Mix(humanise=options.humanise, swing=options.swing)
    values = {name: getattr(options, name) for name in options.values}
    said = write_change(
        options.command,
        options.model,
        options.file,
        options.out,
        options.seed,
        options.style,
        mix,
        options.keep_beat,
        **values,
    )
    for sentence in said:
        print(sentence, file=sys.stderr)
    print(options.out)


def _morph(options: argparse.Namespace) -> None:
    from musicgen.change import write_morph

    if options.out.suffix and not options.out.is_dir():
        raise RequestError(f"--out: expected a folder. Received: {options.out}.")
    paths, said = write_morph(options.model, options.first, options.last, options.steps, options.out, options.keep_beat)
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
        style=options.style, download=options.download, mirror=options.mirror, scheduler=options.scheduler,
    )  # fmt: skip
    print(json.dumps(manifest["kept"], indent=1))


def _train(options: argparse.Namespace) -> None:
    from musicgen.hub import write_manifest
    from musicgen.training.adapt import AdaptPlan, adapt, is_music, sentences
    from musicgen.training.fit import Plan, train_vae
    from musicgen.training.fit_gan import train_gan
    from musicgen.training.fit_notes import NotesPlan, train_notes
    from musicgen.training.phases import GANPlan

    own = options.model == "vae" and is_music(options.data, options.start)
    run = options.folder or Path("runs") / f"{options.model}-{options.data.resolve().name}"
    values: dict[str, Any] = {}
    plan = {"gan": GANPlan, "notes": NotesPlan, "vae": AdaptPlan if own else Plan}[options.model]
    known = {name: type(value) for name, value in plan().__dict__.items()}
    for item in options.set:
        name, _, text = item.partition("=")
        try:
            values[name] = known[name](text)
        except (KeyError, ValueError):
            raise RequestError(
                f"--set: expected NAME=NUMBER, a name of {', '.join(known)}. Received: {item}."
            ) from None
    if options.start is None and (own or options.model != "vae"):
        raise RequestError("--from: expected the checkpoint folder of a VAE. Received: nothing.")
    if options.devices is not None and options.model != "vae":
        raise RequestError("--devices: expected none, as only a VAE is trained on several. Received: a number of them.")
    if own:
        composer = adapt(options.data, run, options.start, AdaptPlan(**values), options.style, options.devices)
        for sentence in sentences(composer.card["adapted"]):
            print(sentence, file=sys.stderr)
    elif options.model == "vae":
        train_vae(options.data, run, Plan(**values), start=options.start, devices=options.devices)
    elif options.model == "notes":
        train_notes(options.data, run, options.start, NotesPlan(**values))
    else:
        train_gan(options.data, run, options.start, GANPlan(**values))
    print(write_manifest(run / "checkpoint").parent)


def _evaluate(options: argparse.Namespace) -> None:
    from musicgen.evaluation.run import evaluate

    models = options.model or ["vae"]
    settings = options.count, options.temperature, options.audio, options.seeds, options.metre, options.scheduler
    evaluate(models, options.data, options.out, *settings, options.learned)
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

    print(build(options.data, options.out, options.scheduler))


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


_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "generate": _generate, **dict.fromkeys(("vary", "infill", "accompany", "continue", "restyle"), _change),
    "morph": _morph, "prepare": _prepare, "train": _train, "evaluate": _evaluate, "original": _original,
    "index": _index, "publish": _publish, "benchmark": _benchmark,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
