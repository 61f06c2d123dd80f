"""The page's public endpoints, for scripts and, as tools, for assistants (Model Context Protocol).

`Client(url).predict(style="jazz", api_name="/generate")`; README.md has more. Gradio reads names, types and docstrings
of the functions here: they are the documentation of the endpoints.
"""

# No `from __future__ import annotations` here: Gradio reads the types of the endpoints from the real objects.

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import Context
from gradio.utils import get_function_description, get_upload_folder

from musicgen.change import CHANGES
from musicgen.compose import Result
from musicgen.errors import RequestError
from musicgen.recipe import Edit, Mix
from musicgen.request import BAR_CHOICES, Request, remarks
from musicgen.roles import ROLE_NAMES, STYLE_NAMES
from musicgen.web import original
from musicgen.web.desk import Desk
from musicgen.web.files import link
from musicgen.web.pieces import MAX_BYTES, MAX_NOTES
from musicgen.web.shape import shape_value
from musicgen.web.toasts import toasts
from musicgen.wording import parse_description

_DEFAULTS = Request()
_KINDS = (*CHANGES, "reconstruct", "mix")


def add_endpoints(desk: Desk, **limits: Any) -> None:
    """Add the endpoints to the page that is being built. `limits` are those of `gr.api`."""
    for make in (_generate, _change, _morph, _original, _read_words):
        function = make(desk)
        endpoint = gr.api(function, api_name=function.__name__, **limits)
        _describe(endpoint, function)


def _describe(endpoint: Any, function: Callable) -> None:
    """Put what a function's docstring says of each argument into `?view=api`; Gradio puts it only into its tools."""
    page = Context.root_block
    assert page is not None
    _, arguments, _ = get_function_description(function)
    for argument, (name, text) in zip(page.fns[endpoint["id"]].inputs, arguments.items(), strict=True):
        assert isinstance(argument, Api)
        argument.label = name
        argument._api_info["additional_description"] = text


def _generate(desk: Desk) -> Callable:
    def generate(
        style: str = _DEFAULTS.style,
        bars: int = _DEFAULTS.bars,
        tempo: float | None = None,
        key: str = str(_DEFAULTS.key),
        seed: int = _DEFAULTS.seed,
        temperature: float = _DEFAULTS.temperature,
        density: float | None = None,
        rhythm: float | None = None,
        register: float | None = None,
        polyphony: float | None = None,
        tension: float | None = None,
        chords: str | None = None,
        form: str | None = None,
        model: str | None = None,
        section_bars: int | None = None,
        metre: str = _DEFAULTS.metre,
        humanise: float = _DEFAULTS.humanise,
        swing: float = _DEFAULTS.swing,
        roles: str = "",
        ending: bool = _DEFAULTS.ending,
    ) -> tuple[gr.FileData, dict]:
        with toasts():
            request = Request(
                style=style, bars=bars, tempo=tempo, key=key, seed=seed, temperature=temperature,
                density=density, rhythm=rhythm, register=register, polyphony=polyphony, tension=tension,
                chords=chords, form=form, section_bars=section_bars, metre=metre, humanise=humanise, swing=swing,
                roles=tuple(name.strip() for name in _names(roles).split(",") if name.strip()) or ROLE_NAMES,
                ending=ending,
            )  # fmt: skip
            result = desk.studio.make(request, sound=False, kind=model)
            return _answer(desk, result, (*remarks(request), *result.said))

    generate.__doc__ = f"""Compose a piece of music for melody, chords, pad, bass and drums.

    The same arguments give the same bytes. What is null is left open.

    Args:
        style: one of {", ".join(STYLE_NAMES)}
        bars: one of {", ".join(map(str, BAR_CHOICES))}
        tempo: quarter notes a minute, 40 to 240; null for the usual one of the style
        key: such as "A minor" or "Eb major"
        seed: 0 to 4294967295; another seed is another piece
        temperature: 0 plays it safe, and every seed gives the same piece; 1.5 is adventurous
        density: notes a bar
        rhythm: percent of onsets that are syncopated
        register: middle pitch, as a MIDI number
        polyphony: notes at once
        tension: percent of intervals that are dissonant
        chords: such as "Am F C G", or with bar lines "Am F | C G"; repeated to the end
        form: a letter for each section, such as AABA
        section_bars: length of a section; null for one with which the form fits the piece
        metre: 4/4, 3/4 or 6/8, where the model knows it
        model: vae or gan, where the page has both
        humanise: how much it is played as people play: 0 (on the grid) to 100 percent
        swing: where the second half of a beat begins: 50 (straight) to 67 (triplets) percent
        roles: those that play, such as "melody,bass"; "" for all
        ending: whether the piece comes to an end, as songs do; false for one that is to be a loop
    Returns:
        The MIDI file, and facts: the recipe that makes it again, its notes, what it measures, and remarks on what was
        asked for, such as what models do not hear of the chords.
    """
    return generate


def _change(desk: Desk) -> Callable:
    def change(
        midi: gr.FileData,
        kind: Literal["vary", "infill", "accompany", "continue", "restyle", "reconstruct", "mix"] = "vary",
        seed: int = 0,
        strength: float = 0.3,
        keep: str = "",
        bars: str | None = None,
        roles: str = "",
        more: int = 8,
        style: str = "",
        tempo: float | None = None,
        programs: dict | None = None,
        volumes: dict | None = None,
        humanise: float | None = None,
        swing: float | None = None,
        keep_beat: bool = False,
        chords: str | None = None,
    ) -> tuple[gr.FileData, dict]:
        """Change the piece in any MIDI file.

        vary changes as many notes as strength says, but for the roles in keep; infill makes roles anew in some bars;
        accompany adds the roles that are silent; continue goes on from its end; restyle leads it into another style
        and keeps its melody; reconstruct is how the model understood it; mix sets tempo, instruments, volumes
        and how it is played. What is kept comes back note for note.

        Args:
            midi: a MIDI file
            kind: what to do
            seed: another seed gives another result
            strength: for vary and restyle: share of the notes that are to change, 0 to 1
            keep: for vary and restyle: roles, such as "drums,bass"; of melody, chords, pad, bass, drums
            bars: for infill: such as "5-8" or "1-4,9"; null for all
            roles: for infill and accompany: such as "chords"; "" for those that fit
            more: for continue: how many bars
            style: for restyle: the style to go to
            tempo: for mix: beats a minute, 40 to 240
            programs: for mix: role to General MIDI program, 0 to 127
            volumes: for mix: role to volume, 0 to 127
            humanise: for mix: how much it is played as people play, 0 (on the grid) to 100 percent
            swing: for mix: where the second half of a beat begins, 50 (straight) to 67 (triplets) percent
            keep_beat: keep the file's beat even where its notes, as of a recital, do not follow it
            chords: for infill: of the whole piece, such as "Am F | C G", repeated; null for those that are there
        Returns:
            The MIDI file, and facts as those of generate, with what reading changed and how many notes are others now.
        """
        with toasts():
            if not isinstance(kind, str) or kind not in _KINDS:  # before the work, not after it
                raise RequestError(f"kind: expected one of {', '.join(_KINDS)}. Received: {str(kind)[:40]!r}.")
            piece = _read(desk, midi, keep_beat)
            if kind in CHANGES:
                values: dict[str, dict[str, Any]] = {
                    "vary": {"strength": strength, "keep": _names(keep)},
                    "infill": {"bars": None if bars is None else str(bars), "roles": _names(roles), "chords": chords},
                    "accompany": {"roles": _names(roles)},
                    "continue": {"bars": more},
                    "restyle": {"to": style, "strength": strength, "keep": _names(keep)},
                }
                edit = CHANGES[kind](piece.music, seed, **values[kind])
            else:
                mix = Mix(tempo, programs or {}, volumes or {}, humanise, swing) if kind == "mix" else Mix()
                edit = Edit(kind, mix=mix)
            made = desk.studio.change(piece, edit, sound=False)
            file, facts = _answer(desk, made, (*piece.said, *made.said))
            return file, facts | {"changed": made.changed}

    return change


def _morph(desk: Desk) -> Callable:
    def morph(
        first: gr.FileData, last: gr.FileData, share: float = 0.5, keep_beat: bool = False
    ) -> tuple[gr.FileData, dict]:
        """Make a piece that lies between the pieces in two MIDI files.

        Args:
            first: a MIDI file
            last: a MIDI file
            share: 0 is the first as the model understood it, 1 the last
            keep_beat: keep the beat of the files even where their notes, as of a recital, do not follow it
        Returns:
            The MIDI file, and facts as those of generate, with what reading the files changed.
        """
        with toasts():
            ends = [_read(desk, first, keep_beat), _read(desk, last, keep_beat)]
            if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
                raise RequestError(f"share: expected a number from 0 to 1. Received: {str(share)[:40]!r}.")
            made = desk.studio.morph(ends, [1 - share, share], sound=False)
            return _answer(desk, made, (*ends[0].said, *ends[1].said))

    return morph


def _original(desk: Desk) -> Callable:
    def originality(midi: gr.FileData) -> dict:
        """Say how original the piece in a MIDI file is: which training songs it shares its longest stretches with.

        Args:
            midi: a MIDI file
        Returns:
            A sentence for the melody, what is usual between real songs, and what was found by melody and by chords.
        """
        with toasts():
            return original.answer(_read(desk, midi).music)

    return originality


def _read_words(desk: Desk) -> Callable:
    def describe(words: str, style: str = "") -> dict:
        """Find the arguments of generate in a description in English, such as "a sad slow ballad with busy drums".

        The words are those of an open list; no model reads them.

        Args:
            words: the description
            style: the style whose usual tempo "slow" and "fast" are measured from, where the words name none
        Returns:
            The arguments that were found, to be passed to generate, and what was understood and what was not.
        """
        with toasts():
            described = parse_description(str(words), str(style))
            fields = dict(described.fields)
            if "roles" in fields:
                fields["roles"] = ",".join(fields["roles"])
            understood = [{"words": each.words, "sets": each.sets} for each in described.understood]
            return {"arguments": fields, "understood": understood, "unknown": list(described.unknown)}

    return describe


def _read(desk: Desk, file: object, keep_beat: bool = False) -> Result:
    """The piece in an uploaded MIDI file.

    Raises:
        RequestError: this is no file that was uploaded here, or it is too large.
        MidiError: it is no MIDI file.
    """
    given = file.get("path") if isinstance(file, Mapping) else None
    path = Path(given).resolve() if isinstance(given, str) and "\0" not in given else None
    # Gradio checks this too, but only where the value says that it is a file
    if path is None or not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise RequestError(
            "Expected an uploaded MIDI file: handle_file(path) of gradio_client. Received: another value."
        )
    if path.stat().st_size > MAX_BYTES:
        raise RequestError(f"Expected a MIDI file of at most {MAX_BYTES // 1000} kB. Received: a larger one.")
    name = file.get("orig_name") if isinstance(file, Mapping) else None
    name = name if isinstance(name, str) else path.name
    return desk.studio.read(path.read_bytes(), name, most_notes=MAX_NOTES, keep_beat=bool(keep_beat))


def _names(value: object) -> str:
    """Roles as `CHANGES` takes them, from a string or a list."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")


def _answer(desk: Desk, result: Result, said: tuple[str, ...] = ()) -> tuple[Any, dict]:
    facts = {
        "recipe": result.recipe.to_dict(),
        "bars": result.music.bars,
        "metre": result.music.metre.name,
        "notes": result.music.note_count,
        "measured": shape_value(result)["measured"],
        "said": list(said),
    }
    return link(desk.shelve(result, "mid")), facts
