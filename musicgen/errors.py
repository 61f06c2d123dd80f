"""The errors that a user may see. Every message is one line: what was expected, what was received, what to do."""


class MusicgenError(Exception):
    """Base of every error that is the user's to read; anything else is a bug."""


class RequestError(MusicgenError):
    """A field of a request is out of range, of the wrong type, or unknown."""


class MidiError(MusicgenError):
    """Bytes that are not a usable MIDI file, or music that cannot be written as one."""


class AudioError(MusicgenError):
    """The synthesiser or the soundfont is missing or unusable."""


class ExportError(MusicgenError):
    """An output format or an output path cannot be used."""


class CheckpointError(MusicgenError):
    """A model's files are missing, damaged, or do not fit the network."""


class HubUnreachable(CheckpointError):
    """The Hub does not answer, or says that it cannot now, and what was asked for is not in the cache."""


class PublishError(MusicgenError):
    """What was to be pushed is not fit for it, or the Hub does not take it."""


class CorpusError(MusicgenError):
    """Training data that cannot be read or built."""


class ClusterError(MusicgenError):
    """Workers that cannot be had, or that did not do what they were given."""
