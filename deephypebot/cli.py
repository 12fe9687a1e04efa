"""The commands and their options. What a command needs is imported when it runs."""

# ruff: noqa: PLC0415 - what a command imports must not slow down the others, nor --help

import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

DEBUG: ContextVar[bool] = ContextVar("debug", default=False)
DEFECT = (
    "Something went wrong that should not have ({error}). `deephypebot --debug ...` shows where."
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A bot that hears about songs and writes about them, with a human curator in between.",
)


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    DEBUG.set(debug)


@app.command()
def up(
    feed: Annotated[
        Path | None,
        typer.Option(help="JSON Lines file of posts to replay instead of the built-in feed."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No page to open: one summary line per cycle.")
    ] = False,
    cycles: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many cycles of the worker.")
    ] = None,
    interval: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds from one cycle to the next.")
    ] = None,
    data: Annotated[
        Path, typer.Option(envvar="DATA_DIR", help="Folder of everything the bot remembers.")
    ] = Path("data"),
) -> None:
    """Run the whole bot on this machine until Ctrl-C."""
    from deephypebot.embedded import Wishes
    from deephypebot.up import up as run

    wishes = Wishes(data.resolve(), feed and feed.resolve(), headless, cycles, interval)
    raise typer.Exit(run(wishes))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    data: Annotated[
        Path, typer.Option(envvar="DATA_DIR", help="Folder of everything the bot remembers.")
    ] = Path("data"),
) -> None:
    """Say what is configured, what answers, what is missing and what to do."""
    from deephypebot.doctor import examine

    raise typer.Exit(examine(data.resolve(), as_json=as_json))


@app.command()
def parse(
    text: Annotated[str | None, typer.Argument(help="A post.")] = None,
    jsonl: Annotated[
        str | None, typer.Option(help="JSON Lines file of objects with `text`; - is stdin.")
    ] = None,
) -> None:
    """Find the song that a post names: one JSON object a line, in order."""
    from deephypebot.errors import CommandError
    from deephypebot.parsing import parse_file, parse_text

    if (text is None) == (jsonl is None):
        raise CommandError("Give either a TEXT or --jsonl FILE.")
    lines = parse_file(jsonl) if jsonl is not None else [parse_text(text or "")]
    for line in lines:
        print(line)


def main() -> None:
    """Run the command line; an error is one message on standard error and exit status 1."""
    try:
        app()
    except Exception as error:
        if DEBUG.get():
            raise
        sys.exit(f"Error: {_message(error)}")


def _message(error: Exception) -> str:
    from deephypebot.errors import CommandError
    from model.errors import ModelError
    from services.common.settings import SettingsError

    if isinstance(error, (CommandError, ModelError, SettingsError)):
        return str(error)
    return DEFECT.format(error=f"{type(error).__name__}: {error}")
