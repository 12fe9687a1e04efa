"""The options of `deephypebot login`; what a command needs is imported when it runs."""

# ruff: noqa: PLC0415 - what a command imports must not slow down the others, nor --help

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deephypebot.errors import INTERRUPTED

if TYPE_CHECKING:
    from deephypebot.login import Walk

login_app = typer.Typer(
    no_args_is_help=True, help="Get the tokens of the bot's account, try them and store them."
)
EnvOption = Annotated[Path, typer.Option(help="File to store in; its other lines stay.")]
SecretsOption = Annotated[
    Path | None, typer.Option(help="Folder to store in instead, a file for each secret.")
]
DOTENV = Path(".env")


@login_app.command("x", short_help="X: by a PIN from the browser.")
def login_x(env: EnvOption = DOTENV, secrets: SecretsOption = None) -> None:
    """Log in to X as the bot's account: the app's keys, then a PIN that X shows in the browser.

    The keys are asked for unless X_CONSUMER_KEY and X_CONSUMER_SECRET are set.
    """
    from deephypebot.login_x import walk

    _log_in(walk, env, secrets)


@login_app.command("mastodon", short_help="Mastodon: by a code from the browser.")
def login_mastodon(
    *,
    instance: Annotated[
        str | None,
        typer.Option(help="Where the account is.", show_default="MASTODON_BASE_URL's, else asked"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Mark the account as a bot's, unasked.")
    ] = False,
    env: EnvOption = DOTENV,
    secrets: SecretsOption = None,
) -> None:
    """Log in to a Mastodon instance as the bot's account: a code that it shows in the browser."""
    from deephypebot.login_mastodon import walk

    _log_in(lambda visit: walk(visit, instance=instance, yes=yes), env, secrets)


@login_app.command("bluesky", short_help="Bluesky: by an app password.")
def login_bluesky(
    *,
    handle: Annotated[
        str | None,
        typer.Option(help="The account's handle.", show_default="BLUESKY_HANDLE's, else asked"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Label the account as a bot's, unasked.")
    ] = False,
    env: EnvOption = DOTENV,
    secrets: SecretsOption = None,
) -> None:
    """Log in to Bluesky as the bot's account, with an app password."""
    from deephypebot.login_bluesky import walk

    _log_in(lambda visit: walk(visit, handle=handle, yes=yes), env, secrets)


def _log_in(walk: "Walk", env: Path, secrets: Path | None) -> None:
    from deephypebot.login import log_in

    try:
        log_in(walk, env, secrets)
    except KeyboardInterrupt as stop:
        print(stop, file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
