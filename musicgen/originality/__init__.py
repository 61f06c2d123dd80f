"""How original is a piece? Its longest stretches that a training song has too, from an index that ships.

The index holds hashes of runs of notes and chords, and titles; no data set is needed. `build.py` makes it. Bass and
drums are not in it: those of most training songs are stock patterns of a style, which name no song.
"""

from musicgen.originality.index import Answer, Finding, Index, Shared, Song, answer_file

__all__ = ["Answer", "Finding", "Index", "Shared", "Song", "answer_file"]
