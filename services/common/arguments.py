"""The command line of a program that only settings steer."""

import argparse


def take_no_arguments(program: str) -> None:
    """Answer `--help`, and refuse anything else, for a program that only settings steer."""
    argparse.ArgumentParser(
        prog=program,
        description="Serves until it is told to stop. Settings are environment variables, or "
        "lines in a .env file here; docs/settings.md lists them.",
    ).parse_args()
