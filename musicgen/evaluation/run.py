"""`python -m musicgen evaluate`: models and baselines against held-out songs, as a report.

Every model answers the same requests: each takes style, mode, tempo and roles from a window of a test song, so that
nothing but the music differs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from musicgen import codec
from musicgen.cluster import open_cluster, processes_for_networks
from musicgen.corpus.dataset import Dataset
from musicgen.errors import RequestError
from musicgen.evaluation import latents, reconstruction
from musicgen.evaluation.answering import AT_ONCE, Answerer
from musicgen.evaluation.compare import Reference, Result, brief, compare, headline, over_seeds, pairs
from musicgen.evaluation.endings import endings
from musicgen.evaluation.ladder import markdown
from musicgen.evaluation.learned_ear import judge_pieces
from musicgen.evaluation.markov_floor import MarkovFloor
from musicgen.evaluation.memorisation import Melodies
from musicgen.evaluation.report import html
from musicgen.evaluation.steering import steering
from musicgen.evaluation.styles import StyleEar, heard_as_asked
from musicgen.evaluation.windows import BARS, Window, final_windows, request_like, windows
from musicgen.music import FOUR_FOUR, METRES, Music
from musicgen.request import DEFAULT_TEMPERATURE
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

SEEDS = 3
ROLLS = 12
"""Pieces of each model that are drawn and, if asked for, heard: an MP3 of sixteen bars is up to 1 MB."""
RECONSTRUCTED = 60
"""Test windows that a model with latents is asked to reconstruct."""
ENCODED = 200
"""Test windows that the health of latents is measured on."""
LEARNED = 2000
"""Songs, and as many pieces, that a network of the learned ear is trained on."""
ENDED = 200
"""Songs at most whose endings are looked at, and pieces of each model that come to an end like them."""
STYLED = 1400
"""Training windows that the ear for styles and the Markov floor learn from."""


def evaluate(
    models: Sequence[str],
    data: Path,
    out: Path,
    count: int = 500,
    temperature: float = DEFAULT_TEMPERATURE,
    audio: bool = False,
    seeds: int = SEEDS,
    metre: str = FOUR_FOUR.name,
    scheduler: str | None = None,
    learned: int = LEARNED,
) -> dict[str, Any]:
    """Compare models with held-out songs; write report.json and report.html into a folder, and return the report.

    Args:
        models: bundled names, folders, `org/name@revision`, or rungs of the ladder ("noise", "glued", "markov", the run
            folder of a trained baseline; "real" for songs of the validation split, "rebuilt" for these through the VAE
            and back).
        data: a folder made by `prepare`.
        count: pieces of sixteen bars a model.
        audio: put the sound of the piano rolls into the page.
        seeds: times that every request is answered, each time with other seeds. All the tables are of the first time;
            how far the headline numbers move is told beside them.
        metre: of the songs and of the pieces; figures of two metres are not to be compared.
        scheduler: address of a Dask scheduler whose workers the models are asked on, see `cluster.open_cluster`;
            processes of this machine if None. Models and data set have to be at the same paths there.
        learned: songs, and as many pieces, that each network of the learned ear is trained on, see `learned_ear`;
            0 leaves the ear out.

    Raises:
        MusicgenError: an unknown metre, a count below 20, seeds outside 1 to 10, no data set, an unknown model, or no
            test song that is long enough.
    """
    if not isinstance(count, int) or not 20 <= count <= 10_000:
        raise RequestError(f"--count: expected a whole number from 20 to 10000. Received: {count!r}.")
    if not isinstance(seeds, int) or not 1 <= seeds <= 10:
        raise RequestError(f"--seeds: expected a whole number from 1 to 10. Received: {seeds!r}.")
    if metre not in METRES:
        raise RequestError(f"--metre: expected one of {', '.join(METRES)}. Received: {str(metre)[:40]!r}.")
    if not isinstance(learned, int) or not 0 <= learned <= 20_000:
        raise RequestError(f"--learned: expected a whole number from 0 to 20000. Received: {learned!r}.")
    started = time.perf_counter()
    dataset = Dataset.open(data)
    test = windows(dataset, "test", count, metre=metre)
    train = [window.music for window in windows(dataset, "train", min(count, 500), seed=1, metre=metre)]
    reference = Reference(
        [window.music for window in test], [window.song for window in test], train, Melodies(_melodies(dataset))
    )
    most = max(2 * count, min(STYLED, 7 * count))
    heard = [window.music for window in windows(dataset, "train", most, seed=3, metre=metre)]
    ear = StyleEar(heard)
    final = final_windows(dataset, "test", min(count, ENDED), metre=metre)
    habits: MarkovFloor | None = None
    report: dict[str, Any] = {
        "protocol": {
            "pieces": count, "seeds": seeds, "bars": BARS, "metre": metre, "songs": len(set(reference.songs)),
            "temperature": temperature,
            "styles": {style: sum(w.music.style == style for w in test) for style in STYLE_NAMES},
        },
        "held-out": reference.summary() | {"endings": _endings(final)},
        "models": [],
    }  # fmt: skip
    shown = {"held-out songs": [window.music for window in test[:ROLLS]]}
    results: dict[str, Result] = {}
    with open_cluster(scheduler, processes_for_networks(-(-count // AT_ONCE))) as cluster:
        for name in models:
            begun = time.perf_counter()
            composer = None if name == "real" else Answerer(cluster, name, data)
            sets = [answers(composer, dataset, test, temperature, seed) for seed in range(seeds)]
            pieces, songs = sets[0]
            if hasattr(composer, "reconstruct_many"):
                habits = habits or MarkovFloor(heard)
                rebuilt = _reconstruction(composer, reference.pieces[:RECONSTRUCTED], habits)
            else:
                rebuilt = {}
            steered = {}
            if composer is not None and composer.steers:
                steered = steering(composer.generate_many, max(count, 200), metre)
            ended = _answer_endings(composer, dataset, final, temperature)
            sampled = time.perf_counter()
            label = Path(name).name
            label = label if label not in results else f"{label} ({len(results) + 1})"
            print(f"{label}: {len(pieces) * seeds} pieces in {sampled - begun:.0f} s", file=sys.stderr)
            results[label] = compare(reference, pieces, songs)
            row = {
                "name": label,
                "identity": "validation songs" if composer is None else composer.identity,
                **results[label].report,
                "seeds": over_seeds(
                    [headline(results[label].report), *(brief(reference, *other) for other in sets[1:])]
                ),
                "reconstruction": rebuilt,
                "latents": _latents(composer, reference.pieces[:ENCODED]),
                "steering": steered,
                "endings": ended,
                "style heard": heard_as_asked(ear, reference.pieces, pieces),
                "learned ear": _listen(composer, dataset, reference.pieces, sets, temperature, learned),
            }
            row["seconds"] = {"generate": sampled - begun, "evaluate": time.perf_counter() - sampled}
            report["models"].append(row)
            shown[label] = pieces[:ROLLS]
    report["pairs"] = pairs(results)
    report["protocol"]["seconds"] = time.perf_counter() - started
    sounds = _sounds(shown) if audio else {}
    _write(out / "report.json", json.dumps(_plain(report), indent=1))
    _write(out / "report.html", html(report, reference, results, shown, sounds))
    print(markdown(report))
    return report


def answers(
    composer: Any, dataset: Dataset, test: Sequence[Window], temperature: float, seed: int
) -> tuple[list[Music], list[str]]:
    """A piece for each window of `test`, and the song that it belongs to. Another `seed`, other pieces.

    Args:
        composer: a model; None, or a rung that rebuilds songs, is answered for by windows of validation songs.
    """
    if composer is None or hasattr(composer, "rebuild"):
        valid = windows(dataset, "valid", len(test), seed=2 + seed, like=test, metre=test[0].music.metre.name)
        music = [window.music for window in valid]
        return music if composer is None else composer.rebuild(music), [window.song for window in valid]
    first = seed * len(test)
    requests = [request_like(window, first + index, temperature) for index, window in enumerate(test)]
    return composer.generate_many(requests), [window.song for window in test]


def _endings(windows: Sequence[Window]) -> dict[str, Any]:
    """How songs end; nothing where none is known to."""
    return dict(endings([window.music for window in windows], [window.song for window in windows])) if windows else {}


def _answer_endings(composer: Any, dataset: Dataset, final: Sequence[Window], temperature: float) -> dict[str, Any]:
    """How the pieces of a model end that are asked for like the ends of songs; of songs, those of validation songs."""
    if not final:
        return {}
    if composer is None or hasattr(composer, "rebuild"):
        others = final_windows(dataset, "valid", len(final), metre=final[0].music.metre.name)
        if composer is not None and others:
            rebuilt = composer.rebuild([window.music for window in others])
            others = [replace(window, music=music) for window, music in zip(others, rebuilt, strict=True)]
        return _endings(others)
    first = 20_000_000  # no seed of other pieces
    requests = [request_like(window, first + index, temperature) for index, window in enumerate(final)]
    return dict(endings(composer.generate_many(requests), [window.song for window in final]))


def _listen(
    composer: Any, dataset: Dataset, test: Sequence[Music], sets: Sequence[tuple[list[Music], list[str]]],
    temperature: float, count: int,
) -> dict[str, Any]:  # fmt: skip
    """What `learned_ear.judge_pieces` says of a model; nothing where it is to learn from no pieces.

    It learns from windows of training songs and from the model's pieces that were asked for like them. Validation songs
    are told from test songs by networks that have learned to tell training songs from one another.
    """
    if not count:
        return {}
    metre = test[0].metre.name
    train = windows(dataset, "train", count, seed=5, metre=metre)
    if composer is None or hasattr(composer, "rebuild"):
        other = [window.music for window in windows(dataset, "train", count, seed=6, like=train, metre=metre)]
        pieces = other if composer is None else composer.rebuild(other)
    else:
        first = 10_000_000  # no seed of the pieces that are judged
        pieces = composer.generate_many(
            [request_like(window, first + i, temperature) for i, window in enumerate(train)]
        )

    def encoded(pieces: Sequence[Music]) -> list[np.ndarray]:
        return [codec.encode(music) for music in pieces]

    songs = encoded([window.music for window in train])
    return judge_pieces(songs, encoded(pieces), encoded(test), [encoded(judged) for judged, _ in sets], BARS)


def _melodies(dataset: Dataset) -> list[tuple[str, Music]]:
    """Every training song once: its longest arrangement."""
    longest: dict[str, Any] = {}
    for piece in dataset.split("train"):
        if piece.roles[0] and (piece.song not in longest or piece.bars > longest[piece.song].bars):
            longest[piece.song] = piece
    return [(song, _melody(dataset, piece)) for song, piece in longest.items()]


def _melody(dataset: Dataset, piece: Any) -> Music:
    music = dataset.music(piece)
    return replace(music, tracks=tuple(track for track in music.tracks if track.role == "melody"))


def _reconstruction(composer: Any, pieces: Sequence[Music], habits: MarkovFloor) -> dict[str, dict[str, float]]:
    """Onset F1 and framewise accuracy of each role, free running, and the floors of both."""
    both = list(zip(pieces, composer.reconstruct_many(pieces), strict=True))
    result = {}
    for role in composer.roles:
        here = [(a, b) for a, b in both if a.notes(role)]
        if here:
            values = {
                "onset F1": [reconstruction.onset_f1(a, b, role) for a, b in here],
                "Markov floor of F1": [habits.onset_f1(a, role) for a, _ in here],
                "framewise accuracy": [reconstruction.framewise_accuracy(a, b, role) for a, b in here],
                "Markov floor of accuracy": [habits.accuracy(a, role) for a, _ in here],
                "hold floor": [reconstruction.hold_floor(a, role) for a, _ in here],
            }
            result[role] = {name: float(np.mean(each)) for name, each in values.items()}
    return result


def _latents(composer: Any, pieces: Sequence[Music]) -> dict[str, Any]:
    """`latents.health` on held-out windows; empty for a model that does not say what it takes a piece for."""
    if not hasattr(composer, "posterior_many"):
        return {}
    means, deviations = zip(*composer.posterior_many(pieces), strict=True)
    return latents.health(means, deviations, [_onsets(piece) for piece in pieces], [piece.style for piece in pieces])


def _onsets(music: Music) -> np.ndarray:
    """Notes that begin in each cell, -1 where the piece has no such role; shape (bars, roles)."""
    result = np.full((music.bars, len(ROLE_NAMES)), -1)
    for track in music.tracks:
        bars = [note.onset // music.ticks_per_bar for note in track.notes]
        result[:, ROLE_NAMES.index(track.role)] = np.bincount(np.array(bars, int), minlength=music.bars)
    return result


def _sounds(shown: dict[str, list[Music]]) -> dict[str, list[bytes]]:
    """MP3s of the pieces shown; nothing where there is no synthesiser."""
    from musicgen import export, midi
    from musicgen.audio import Renderer
    from musicgen.errors import AudioError

    try:
        renderer = Renderer()
        return {
            name: [export.encode("mp3", data, renderer.render(data)) for data in map(midi.to_midi, pieces)]
            for name, pieces in shown.items()
        }
    except AudioError as error:
        print(f"no sound in the report: {error}", file=sys.stderr)
        return {}


def _plain(value: Any) -> Any:
    """What JSON can hold: NaN becomes null, and four significant digits are enough."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
