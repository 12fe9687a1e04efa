"""`python -m services.sandbox`: run the sandbox until it is told to stop."""

import sys

from services.common.arguments import take_no_arguments
from services.common.serve import load_settings, serve
from services.sandbox.app import create_app
from services.sandbox.catalogue import CatalogueError
from services.sandbox.feed import FeedError
from services.sandbox.settings import SandboxSettings


def main() -> None:
    take_no_arguments("python -m services.sandbox")
    try:
        serve("sandbox", load_settings(SandboxSettings), create_app)
    except (FeedError, CatalogueError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
