"""`python -m deephypebot` is the command line too."""

from deephypebot.cli import main

main()
