"""What the command line says when it cannot do what was asked."""

INTERRUPTED = 130  # the exit status of a command that Ctrl-C ended


class CommandError(Exception):
    """The message is for the person at the terminal: what is wrong, where, and what to do."""
