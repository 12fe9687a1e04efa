"""The commands and their options. What a command needs is imported when it runs."""

# ruff: noqa: PLC0415 - what a command imports must not slow down the others, nor --help

import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Literal

import typer

from deephypebot.cli_login import login_app
from deephypebot.errors import INTERRUPTED

DEBUG: ContextVar[bool] = ContextVar("debug", default=False)
DEFECT = (
    "Something went wrong that should not have ({error}). `deephypebot --debug ...` shows where."
)

DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of everything the bot remembers.",
        show_default="DATA_DIR's, in .env too; else data",
    ),
]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A bot that hears about songs and writes about them, with a human curator in between.",
)


def say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"deephypebot {version('deephypebot')}")
        raise typer.Exit


@app.callback()
def common(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=say_version, is_eager=True, help="Say the version and exit."
        ),
    ] = False,
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
        float | None, typer.Option(min=0.1, max=86_400, help="Seconds from one cycle to the next.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Run the whole bot on this machine until Ctrl-C."""
    from deephypebot.data_folder import folder_of
    from deephypebot.embedded import Wishes
    from deephypebot.up import up as run

    wishes = Wishes(folder_of(data), feed and feed.resolve(), headless, cycles, interval)
    raise typer.Exit(run(wishes))


@app.command(short_help="Say what is configured, what is missing and what to do.")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    data: DataOption = None,
) -> None:
    """Say what is configured, what answers, what is missing and what to do."""
    from deephypebot.data_folder import folder_of
    from deephypebot.doctor import examine

    raise typer.Exit(examine(folder_of(data), as_json=as_json))


@app.command(short_help="Find the song that a post names.")
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


@app.command(short_help="Write commentary on a song, or on genres.")
def generate(
    *,
    genre: Annotated[list[str] | None, typer.Option(help="A genre; may be repeated.")] = None,
    num_samples: Annotated[
        int | None, typer.Option("-n", "--num-samples", help="How many.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same text.")] = None,
    artist: Annotated[str | None, typer.Option(help="The performer's name.")] = None,
    title: Annotated[str | None, typer.Option(help="The song's title.")] = None,
    temperature: Annotated[float | None, typer.Option(help="How daring; up to 2.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Choose among the k likeliest pieces.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Choose among the likeliest p of all.")
    ] = None,
    candidates: Annotated[int | None, typer.Option(help="How many to draft and rank.")] = None,
    no_refine: Annotated[
        bool, typer.Option("--no-refine", help="Leave out the latent-constraints GAN.")
    ] = False,
    strength: Annotated[
        float | None, typer.Option(help="How far the GAN moves a draft: 1 as trained, up to 2.")
    ] = None,
    include_unrefined: Annotated[
        bool, typer.Option("--include-unrefined", help="Show each text without the GAN, too.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object, as /v1/generate.")
    ] = False,
    jsonl: Annotated[
        str | None,
        typer.Option(help="JSON Lines file of requests, - is stdin; one JSON answer a line."),
    ] = None,
) -> None:
    """Write commentary on a song, or on music of some genres; best first.

    With --jsonl each line is a request (genres, artist, title, num_samples, seed, ...), and the
    other options hold where a line does not say.
    """
    from deephypebot import writing

    given = {
        "genres": genre,
        "num_samples": num_samples,
        "seed": seed,
        "artist": artist,
        "title": title,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "candidates": candidates,
        "strength": strength,
    }
    options = {name: value for name, value in given.items() if value is not None} | {
        "refine": not no_refine,
        "include_unrefined": include_unrefined,
    }
    if jsonl is not None:
        for line in writing.generate_file(jsonl, options):
            print(line.model_dump_json(), flush=True)
        return
    answer = writing.generate(options)
    if as_json:
        print(answer.model_dump_json())
        return
    for remark in writing.remarks(answer.genres):
        print(remark, file=sys.stderr)
    for sample in answer.samples:
        print(sample.text)
        if include_unrefined:
            print(f"  without the GAN: {sample.unrefined or '(not fit to be shown)'}")


@app.command(short_help="Walk from one sentence to another.")
def interpolate(
    start: Annotated[str, typer.Argument(help="The sentence to begin with.")],
    end: Annotated[str, typer.Argument(help="The sentence to end with.")],
    steps: Annotated[int, typer.Option(help="Sentences, both ends included.")] = 7,
    genre: Annotated[list[str] | None, typer.Option(help="A genre; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As /v1/interpolate answers.")] = False,
) -> None:
    """Walk from one sentence to another through the writer's latent space."""
    from deephypebot import writing

    answer = writing.interpolate(start, end, steps, genre or [])
    if as_json:
        print(answer.model_dump_json())
        return
    for sentence in answer.sentences:
        print(sentence)


@app.command()
def train(
    *,
    output: Annotated[Path, typer.Option(help="Folder for the bundle, the log and the report.")],
    minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="Time for the CVAE; fewer epochs are made where that is short."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the text at most.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same writer.")] = 2018,
    devices: Annotated[
        int, typer.Option(min=1, help="Devices that share every batch of the CVAE.")
    ] = 1,
    recipe: Annotated[
        Literal["short", "long"], typer.Option(help="short: two cores; long: a GPU.")
    ] = "short",
    accelerator: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        typer.Option(help="Kind of device.", show_default="the fastest there is"),
    ] = "auto",
) -> None:
    """Train a writer from the corpus: CVAE, topics and LC-GAN.

    Interrupted, the same command goes on from the last whole pass.
    """
    from deephypebot import learning

    try:
        folder = learning.train(
            output.resolve(),
            minutes=minutes,
            epochs=epochs,
            seed=seed,
            recipe=recipe,
            accelerator=accelerator,
            devices=devices,
        )
    except KeyboardInterrupt as stop:
        print(str(stop) or "Interrupted.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    print(f"The bundle is in {folder}. To use it: INFERENCE_BUNDLE={folder}")


@app.command(short_help="Measure a trained writer, on one page and in one JSON file.")
def evaluate(
    *,
    bundle: Annotated[Path, typer.Argument(help="Folder of the writer, as `train` made it.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for evaluation.html, evaluation.json and the language model.",
            show_default="BUNDLE-evaluation",
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder of JSON Lines to measure on.", show_default="corpus/originals"),
    ] = None,
    importance: Annotated[
        int | None,
        typer.Option(min=1, help="Importance samples a sentence.", show_default="500"),
    ] = None,
    drafts: Annotated[
        int | None, typer.Option(min=100, help="Unranked drafts.", show_default="20000")
    ] = None,
    served: Annotated[
        int | None, typer.Option(min=10, help="Served sentences.", show_default="1000")
    ] = None,
    language_model: Annotated[
        Path | None,
        typer.Option(
            help="A language model kept by another evaluation.", show_default="one is trained"
        ),
    ] = None,
    language_model_epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes of the language model.", show_default="the writer's"),
    ] = None,
    language_model_minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="Time for the language model; fewer passes where it is short."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all draws.", show_default="2018")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads.", show_default="one a core")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke of everything; the figures mean nothing.")
    ] = False,
) -> None:
    """Measure a trained writer: likelihood, fluency, diversity, copying, control, bias, samples.

    The first time an LSTM language model of the writer's size is trained to compare with; it is
    kept in the output folder.
    """
    from deephypebot import evaluating

    options: dict[str, object] = {
        "corpus": corpus,
        "importance": importance,
        "drafts": drafts,
        "served": served,
        "language_model": language_model,
        "language_model_epochs": language_model_epochs,
        "language_model_minutes": language_model_minutes,
        "seed": seed,
        "threads": threads,
    }
    folder, evaluation = evaluating.evaluate(bundle.resolve(), output, quick=quick, options=options)
    for line in evaluating.verdicts(evaluation):
        print(line)
    print(f"All figures: {folder / 'evaluation.html'}")


@app.command(short_help="Draw the paper's pictures of a trained writer, on one page.")
def report(
    *,
    bundle: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of the writer, as `train` made it.", show_default="the shipped one"
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for report.html and its figures.")] = Path(
        "report"
    ),
    log: Annotated[
        Path | None,
        typer.Option(help="log.csv of the training.", show_default="the one beside the bundle"),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder of JSON Lines to draw from.", show_default="corpus/originals"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of all draws.", show_default="2018")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads.", show_default="one a core")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke of every section, of a few sentences.")
    ] = False,
) -> None:
    """Draw the paper's pictures of a trained writer: homotopies, samples by genre, VAE and GAN+VAE
    side by side, losses, topics, the latent map, the corpus, bias.
    """
    from deephypebot import reporting

    options: dict[str, object] = {"corpus": corpus, "log": log, "seed": seed, "threads": threads}
    file = reporting.report(bundle and bundle.resolve(), output, quick=quick, options=options)
    print(f"The report: {file}")


corpus_app = typer.Typer(no_args_is_help=True, help="Count what a writer learns from; import more.")
app.add_typer(corpus_app, name="corpus", short_help="Count what a writer learns from; import more.")


@corpus_app.command("count", short_help="Count lines, words and genres.")
def corpus_count(
    corpus: Annotated[
        Path | None,
        typer.Option(help="Folder of JSON Lines to count.", show_default="corpus/originals"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Count the corpus: from the lines that were read to the words of those kept; its genres."""
    from deephypebot import corpus as counting
    from deephypebot.console import print_line

    found = counting.count(corpus)
    for line in [counting.as_json(found)] if as_json else counting.told(found):
        print_line(line)


@corpus_app.command("import", short_help="Import openly licensed sentences about sound.")
def corpus_import(
    data: Annotated[
        Path,
        typer.Argument(help="Folder that holds musiccaps, genresinspace or lastfm_bios."),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the found_*.jsonl.")],
) -> None:
    """Import sentences about sound from openly licensed sets, in the corpus's own form.

    Their licences ask for attribution: a writer trained on them must name them.
    """
    from deephypebot import corpus as importing

    for line in importing.import_sets(data, output):
        print(line)


sheet_app = typer.Typer(no_args_is_help=True, help="Make the Google Sheet ready; change sheets.")
app.add_typer(sheet_app, name="sheet", short_help="Make the Google Sheet ready; change sheets.")


@sheet_app.command("init", short_help="Make the Google worksheet ready for curators.")
def sheet_init(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data: DataOption = None,
) -> None:
    """Make the Google worksheet ready for curators: names, checkboxes, colours, protection.

    What is ready is left as it is, so that this may be repeated.
    """
    import json

    from deephypebot import sheet
    from deephypebot.data_folder import folder_of

    ready = sheet.init(folder_of(data))
    found = {"address": ready.address, "done": list(ready.deeds)}
    print(json.dumps(found) if as_json else sheet.told_ready(ready))


@sheet_app.command("export", short_help="Write drafts and decisions to a file.")
def sheet_export(
    file: Annotated[Path, typer.Argument(help="A .jsonl to import again, or a .csv to read.")],
    source: Annotated[
        Literal["local", "google"] | None,
        typer.Option("--from", help="Which sheet.", show_default="SHEET's"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of counts.")] = False,
    data: DataOption = None,
) -> None:
    """Write every draft to a file, with the decision and the outcome that stand.

    One JSON object a line: draft, decision, outcome. A .csv is the table that curators see.
    """
    from deephypebot import sheet
    from deephypebot.data_folder import folder_of

    exported = sheet.export(source, file, folder_of(data))
    print(exported.model_dump_json() if as_json else sheet.told_exported(exported))


@sheet_app.command("import", short_help="Take in what was exported from another sheet.")
def sheet_import(
    file: Annotated[str, typer.Argument(help="A .jsonl of `sheet export`; - is stdin.")],
    target: Annotated[
        Literal["local", "google"] | None,
        typer.Option("--to", help="Which sheet.", show_default="SHEET's"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of counts.")] = False,
    data: DataOption = None,
) -> None:
    """Take in what was exported from another sheet, while the bot is stopped.

    What was decided comes along as decided, and what is published stays published. Words that
    stand in this sheet are never written over.
    """
    from deephypebot import sheet
    from deephypebot.data_folder import folder_of

    carried = sheet.import_(target, file, folder_of(data))
    print(carried.model_dump_json() if as_json else sheet.told_carried(carried))


app.add_typer(login_app, name="login", short_help="Get and store the tokens of the bot's account.")


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
