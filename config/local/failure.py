"""The one exception whose message is meant for the person at the terminal."""


class LocalError(Exception):
    """What went wrong and what to do about it, in words that stand alone without a traceback."""
