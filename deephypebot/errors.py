"""What the command line says when it cannot do what was asked."""


class CommandError(Exception):
    """The message is for the person at the terminal: what is wrong, where, and what to do."""
