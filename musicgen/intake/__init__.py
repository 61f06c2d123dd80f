"""Any MIDI file to `Music`: five roles, bars of one metre on the grid; and what that changed, in plain sentences.

A file that `midi.to_midi` wrote comes back exactly. For all others the rules of the corpus decide, so that the models
get what they learned from; but here nothing is refused for its metre, its length or the way it was played.
"""

from musicgen.intake.reading import OFF_BEAT, Intake, interpret, read_music

__all__ = ["OFF_BEAT", "Intake", "interpret", "read_music"]
