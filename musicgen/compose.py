"""The one file that sees every stage: a request in, a piece with its MIDI and its sound out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from musicgen import export, hub, midi
from musicgen.audio import Audio, Renderer
from musicgen.edits import apply, cells_to_change
from musicgen.errors import AudioError, RequestError
from musicgen.export.chord_symbols import list_markers
from musicgen.export.faders import Faders, faders
from musicgen.harmony import describe_hearing
from musicgen.intake import interpret
from musicgen.midi_reading import MAX_NOTES, Score, read_score
from musicgen.models.base import Composer
from musicgen.models.redrawing import changed_share
from musicgen.music import Music
from musicgen.new_chords import describe_missed
from musicgen.own_style import OwnStyle
from musicgen.recipe import MOST_STEPS, MOST_WORK, VERSION, Edit, Recipe
from musicgen.request import Request

_CODES = 32
"""Pieces whose latents are remembered; each has some ten to forty thousand numbers."""


@dataclass(frozen=True)
class Result:
    """A finished piece.

    Args:
        music: the notes.
        midi: the bytes of a MIDI file; its text events hold `recipe`.
        recipe: how it was made.
        audio: the sound, or None where there is no synthesiser.
        notice: one line for the user where something is missing, else None.
        said: a sentence for each thing that reading a file changed, or that is to be known of a change.
        changed: of a change of cells, the share of the notes that were free to change that are others now, 0 to 1.
        seconds: how long each stage took.
    """

    music: Music
    midi: bytes
    recipe: Recipe
    audio: Audio | None = None
    notice: str | None = None
    said: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    changed: float | None = None

    @property
    def request(self) -> Request | None:
        """What it began with, every default filled in; None for a piece that began as a file."""
        return self.recipe.request


class Studio:
    """Models and a synthesiser, ready to work. Holds no visitor's state: share one between all of them.

    Args:
        composer: the model that is used unless another is asked for.
        renderer: the synthesiser, or None to make MIDI only.
        notice: why there is no renderer, for the user to read.
        others: models of other kinds.
    """

    def __init__(
        self, composer: Composer, renderer: Renderer | None = None, notice: str | None = None,
        others: Sequence[Composer] = (),
    ) -> None:  # fmt: skip
        self.composer = composer
        self.composers = {composer.kind: composer} | {each.kind: each for each in others if each.kind != composer.kind}
        """Kind of a model, such as "vae", to the model."""
        self.renderer = renderer
        self.notice = notice
        # of the pieces that somebody morphs at present, whoever it is: latents depend on nothing but the piece
        self._encode = lru_cache(_CODES)(lambda kind, music: self.composers[kind].encode(music))

    @classmethod
    def open(cls, model: str = "vae", sound: bool = True, others: Sequence[str] = ()) -> Studio:
        """Load models (bundled name, folder, or `org/name@revision`) and, where it can be had, the synthesiser.

        Args:
            others: bundled models to have beside it; that of its own kind is passed over.

        Raises:
            CheckpointError: a model cannot be loaded. A missing synthesiser is no error, it becomes `notice`.
        """
        from musicgen.models import load_composer  # loads Keras: not at import time

        composer = load_composer(hub.resolve(model))
        more = [load_composer(hub.resolve(name)) for name in others if name != composer.kind]
        if not sound:
            return cls(composer, others=more)
        try:
            return cls(composer, Renderer(), others=more)
        except AudioError as error:
            return cls(composer, None, str(error), more)

    def make(self, request: Request, sound: bool = True, kind: str | None = None) -> Result:
        """Compose, write and, if `sound` is asked for and can be had, render one piece.

        Args:
            kind: of the model; the first one's if not given.

        Raises:
            RequestError: there is no model of that kind here.
        """
        started = time.perf_counter()
        composer = self._composer(kind)
        music = composer.generate(request)
        return replace(self._finish(music, Recipe(composer.identity, request), sound, started), said=request.hearing)

    def read(
        self, data: bytes, name: str | None = None, style: str | None = None, sound: bool = False, trust: bool = False,
        most_notes: int = MAX_NOTES, keep_beat: bool = False,
    ) -> Result:  # fmt: skip
        """A piece from any MIDI file; what was not as in the file is in `said`.

        A file of ours brings its recipe with it, if making the piece again gives the notes of the file: somebody may
        have changed them since, or the model may be another one.

        Args:
            name: of the file.
            style: what the models should take it for; as `intake.read_music` finds it if not given.
            keep_beat: see `intake.read_music`.
            most_notes: a file that strikes more is refused before it is understood.
            trust: believe the recipe without making the piece again, which takes as long as making it did.

        Raises:
            MidiError, RequestError: as for `intake.read_music`.
        """
        started = time.perf_counter()
        score = read_score(data, most_notes)
        intake = interpret(score, style, keep_beat)
        recipe = recipe_of(score) if style is None and not intake.notes else None
        if recipe is not None and not trust and not self._makes(recipe, intake.music):
            recipe = None
        if recipe is None:
            recipe = Recipe(self.composer.identity, source=(name or "a file")[:100])
        return replace(self._finish(intake.music, recipe, sound, started), said=intake.notes)

    def _makes(self, recipe: Recipe, music: Music) -> bool:
        """Whether a recipe gives a piece."""
        try:
            made = self._replayed(recipe)
        except RequestError:
            return False
        return midi.from_midi(midi.to_midi(made)) == music

    def change(self, piece: Result, edit: Edit, partners: Sequence[Result] = (), sound: bool = True) -> Result:
        """The piece after one more change.

        Args:
            edit: the change; the partners of a morph are filled in.
            partners: the other pieces of a morph.

        Raises:
            RequestError: the change does not fit the piece.
        """
        started = time.perf_counter()
        music = self._changed(piece, edit, partners)
        composer = self._composer(piece.recipe.kind, strict=False)
        recipe = replace(piece.recipe, model=composer.identity).after(edit)
        free = cells_to_change(piece.music, edit)
        share = None if free is None else changed_share(piece.music, music, free)
        said: tuple[str, ...] = ()
        if edit.kind != "mix" and music.metre.name not in composer.metres:
            known = " and ".join(composer.metres)
            said = (f"The model learned from music in {known} alone: what it makes of {music.metre} is less sure.",)
        if edit.chords and free is not None:
            said += (*describe_hearing(edit.chords), *describe_missed(music, free, edit.chords))
        return replace(self._finish(music, recipe, sound, started), said=said, changed=share)

    def _changed(self, piece: Result, edit: Edit, partners: Sequence[Result]) -> Music:
        composer = self._composer(piece.recipe.kind, strict=False)
        encode = partial(self._encode, composer.kind)
        return apply(composer, piece.music, edit, [each.music for each in partners], encode)

    def in_style(self, own: OwnStyle, sound: bool = True, **wishes: Any) -> Result:
        """A new piece in a style of somebody's own; `wishes` are fields of its `Request`, such as bars, key and seed.

        Raises:
            RequestError: a wish that a `Request` refuses, or a style that another version of the model found.
        """
        composer = self._composer(own.model.split("-")[0], strict=False)
        if composer.identity != own.model:
            raise RequestError("Expected a style that this model found. Received: one of another model; make it again.")
        request = own.request(**wishes)
        piece = self.make(request, sound=False, kind=composer.kind)
        *first, last = own.edits(request.seed)
        for edit in first:
            piece = self.change(piece, edit, sound=False)
        return self.change(piece, last, sound=sound)

    def morph(self, pieces: Sequence[Result], weights: Sequence[float], sound: bool = True) -> Result:
        """Between up to four pieces, see `edits.apply`.

        Raises:
            RequestError: one to four pieces and a weight of each were expected.
        """
        return self.change(pieces[0], _between(pieces, weights), pieces[1:], sound)

    def between(self, pieces: Sequence[Result], weights: Sequence[float]) -> Music:
        """The notes of `morph` and no more, to be seen while somebody drags a point; errors as there."""
        return self._changed(pieces[0], _between(pieces, weights), pieces[1:])

    def code(self, piece: Result) -> np.ndarray:
        """What the model of a piece keeps of it: latents of shape (bars, roles, latent size)."""
        composer = self._composer(piece.recipe.kind, strict=False)
        return self._encode(composer.kind, piece.music)

    def replay(self, recipe: Recipe, sound: bool = True) -> Result:
        """The piece of a recipe. Where another version of the model made it, `notice` says so.

        Raises:
            RequestError: a recipe that began as a file, or one that does not fit together.
        """
        started = time.perf_counter()
        music = self._replayed(recipe)
        composer = self._composer(recipe.kind, strict=False)
        made = replace(recipe, model=composer.identity, version=VERSION)
        result = self._finish(music, made, sound, started)
        if made == recipe:
            return result
        return replace(result, notice="This piece was made by another version of the model, and may differ from it.")

    def _replayed(self, recipe: Recipe) -> Music:
        if recipe.request is None:
            raise RequestError("Expected a piece that was made here. Received: one that began as a file of yours.")
        if recipe.steps > MOST_STEPS:
            raise RequestError(f"Expected a piece made in at most {MOST_STEPS} steps. Received: {recipe.steps}.")
        if recipe.work > MOST_WORK:
            raise RequestError(f"Expected a piece made of at most {MOST_WORK:,} bars. Received: {recipe.work:,}.")
        composer = self._composer(recipe.kind, strict=False)
        music = composer.generate(recipe.request)
        encode = partial(self._encode, composer.kind)
        for edit in recipe.edits:
            music = apply(composer, music, edit, [self._replayed(each) for each in edit.partners], encode)
        return music

    def _composer(self, kind: str | None, strict: bool = True) -> Composer:
        """The model of a kind; where there is none, and that is no error, the first one."""
        is_known = isinstance(kind, str) and kind in self.composers  # a script may send anything
        if kind is None or (not is_known and not strict):
            return self.composer
        if not is_known:
            raise RequestError(f"model: expected one of {', '.join(self.composers)}. Received: {str(kind)[:40]!r}.")
        return self.composers[kind]

    def _finish(self, music: Music, recipe: Recipe, sound: bool, started: float) -> Result:
        """Write a piece down, and play it if that is asked for and can be done."""
        composed = time.perf_counter()
        mix = recipe.mix
        assert mix.humanise is not None and mix.swing is not None
        values = recipe.to_dict()
        how = mix.volumes, mix.humanise, mix.swing, recipe.seed
        data = midi.to_midi(music, values, *how, markers=list_markers(music, values))
        audio, notice = None, self.notice
        if sound and self.renderer is not None:
            try:
                audio = self.renderer.render(data)
            except AudioError as error:
                notice = str(error)
        seconds = {"compose": composed - started, "render": time.perf_counter() - composed}
        return Result(music, data, recipe, audio, notice, (), seconds)

    def faders(self, result: Result) -> Faders:
        """The sound of each role of a piece by itself, for a mixer.

        Raises:
            AudioError: there is no synthesiser.
        """
        if self.renderer is None:
            raise AudioError(self.notice or "Expected a synthesiser. Received: none was asked for.")
        return faders(result.midi, self.renderer)

    def export(self, result: Result, format_name: str) -> bytes:
        """The piece in one of `export.FORMATS`; renders the sound if that was not done yet.

        Raises:
            ExportError: the format is unknown.
            AudioError: the format needs sound and there is no synthesiser.
        """
        if export.needs_audio(format_name) and result.audio is None and self.renderer is None:
            raise AudioError(self.notice or "Expected a synthesiser. Received: none was asked for.")
        return export.encode(format_name, result.midi, result.audio, self.renderer)


def _between(pieces: Sequence[Result], weights: Sequence[float]) -> Edit:
    partners = tuple(each.recipe for each in pieces[1:])
    return Edit("morph", partners=partners, weights=tuple(weights) if isinstance(weights, (list, tuple)) else ())


def recipe_of(score: Score) -> Recipe | None:
    """The recipe in a MIDI file of ours; None where there is none that can be followed."""
    values = midi.find_recipe(score)
    try:
        return None if values is None else Recipe.from_dict(values)
    except RequestError:  # of another program, of another version, or hostile
        return None
