"""Why a file or a song is left out: a short list of reasons, counted in the manifest."""

from __future__ import annotations

from musicgen.errors import CorpusError, MidiError

REASONS = {
    "parse": "cannot be read: damaged, or of another kind",
    "slow": "takes too long to read",
    "killed": "ends every process that reads it",
    "rights": "may have been published after 1930",
    "metre": "no eight bars in a row of one metre that is read",
    "bars": "bars whose length does not fit their metre, or cannot be told",
    "parts": "not a voice and two piano staves, or not the voices of a hymn",
    "chords": "no chord symbols",
    "melody": "hardly any melody",
    "length": "too short or too long",
    "roles": "notes in fewer than two roles",
    "grid": "notes that do not follow the file's own beat",
    "repeat": "repeats an earlier song, in any key or arrangement",
    "arranging": "MMA could not set it",
    "licence": "under a licence that asks for names which the archive does not give",
    "listed": "listed, but not in the archive",
}
"""Reason to what it means. One more, "unexpected: NAME", names an exception that no reader foresaw: a bug."""


class Unusable(CorpusError):
    """A file or song that is left out, and the reason: one of `REASONS`."""

    def __init__(self, reason: str, message: str) -> None:
        if reason not in REASONS:
            raise ValueError(f"Expected a reason among {', '.join(REASONS)}. Received: {reason!r}.")
        super().__init__(message)
        self.reason = reason


def reason_of(error: Exception) -> str:
    """The reason, one of `REASONS` or "unexpected: NAME", that an exception of a reader stands for."""
    if isinstance(error, Unusable):
        return error.reason
    if isinstance(error, MidiError):
        return "parse"
    if isinstance(error, TimeoutError):
        return "slow"
    return f"unexpected: {type(error).__name__}"


__all__ = ["REASONS", "Unusable", "reason_of"]
