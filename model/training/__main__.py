"""`python -m model.training --output DIR`: train a writer."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from model.corpus.lines import ORIGINALS
from model.errors import ModelError
from model.training import Accelerator, RecipeName, run

INTERRUPTED = 130  # the exit status of a command that Ctrl-C ended


def main() -> None:
    """Read the arguments, train, and say where the bundle is."""
    parser = argparse.ArgumentParser(prog="python -m model.training", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder for bundle and logs")
    parser.add_argument("--corpus", type=Path, default=ORIGINALS, help="folder of JSON Lines")
    parser.add_argument(
        "--also", type=Path, action="append", default=[], help="more lines to train on"
    )
    parser.add_argument("--minutes", type=float, help="time for the CVAE; fewer epochs if short")
    parser.add_argument("--epochs", type=int, help="passes over the text at most")
    parser.add_argument("--seed", type=int, default=2018)
    parser.add_argument("--threads", type=int, help="CPU threads (default: one for each core)")
    parser.add_argument("--devices", type=int, default=1, help="devices that share every batch")
    parser.add_argument(
        "--recipe", choices=get_args(RecipeName), default="short", help="long is for a GPU"
    )
    parser.add_argument("--accelerator", choices=get_args(Accelerator), default="auto")
    parser.add_argument("--name", default="originals", help="the writer's name")
    arguments = parser.parse_args()
    try:
        folder = run(**vars(arguments))
    except ModelError as error:
        sys.exit(f"training failed: {error}")
    except KeyboardInterrupt as stop:
        sys.stderr.write(f"{str(stop) or 'Interrupted.'}\n")
        sys.exit(INTERRUPTED)
    sys.stdout.write(f"the bundle is in {folder}\n")


if __name__ == "__main__":
    main()
