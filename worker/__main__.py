"""`python -m worker` serves until it is told to stop; `--once` and `--cycles N` end by themselves.

Exit status: 0 when all went well, 1 when a service could not be reached or the last cycle failed, 2
for wrong settings.
"""

import argparse
import asyncio
import json
import sys

import uvicorn

from services.common.logs import configure_logs
from services.common.serve import USAGE_ERROR, config_of, listen, load_settings, serve
from services.common.settings import SettingsError
from worker.app import Errand, create_app
from worker.bot import open_bot
from worker.failpoints import FAILPOINTS
from worker.preferences import export
from worker.settings import WorkerSettings
from worker.store import Store
from worker.summaries import DeskSummary, Summary


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--once", action="store_true", help="run one cycle, look at the desk, leave")
    what.add_argument("--cycles", type=positive, metavar="N", help="leave after N cycles")
    what.add_argument(
        "--retry-parked", action="store_true", help="give parked posts another try, and leave"
    )
    what.add_argument(
        "--failpoints", action="store_true", help="list where DEEPHYPEBOT_FAILPOINT can strike"
    )
    what.add_argument(
        "--export-preferences",
        metavar="FILE",
        help="write what curators and readers thought of drafts, as JSON Lines (`-`: to stdout)",
    )
    parser.add_argument("--json", action="store_true", help="summaries as JSON, one a line")
    return parser.parse_args(given)


def positive(given: str) -> int:
    if not given.isdecimal() or int(given) < 1:
        message = f"'{given}' is no number of cycles: 1 or more is needed"
        raise argparse.ArgumentTypeError(message)
    return int(given)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tell(summary: Summary | DeskSummary, *, as_json: bool) -> None:
    say(json.dumps(summary.as_json(), ensure_ascii=False) if as_json else summary.line())


async def once(settings: WorkerSettings, *, as_json: bool) -> int:
    async with open_bot(settings) as bot:
        cycle = await bot.run_cycle()
        tell(cycle, as_json=as_json)
        look = await bot.look_at_desk()
        tell(look, as_json=as_json)
    return int(cycle.unreached or look.unreached)


def counted(settings: WorkerSettings, cycles: int, *, as_json: bool) -> int:
    """Serve health and metrics for so many cycles."""
    unreached = False

    def report(summary: Summary) -> None:
        nonlocal unreached
        unreached = unreached or summary.unreached
        tell(summary, as_json=as_json)

    def leave() -> None:
        server.should_exit = True

    prepare(settings)
    listener = listen(settings)
    errand = Errand(cycles, report, leave)
    server = uvicorn.Server(config_of(create_app(settings, errand), settings))
    server.run(sockets=[listener])
    return int(unreached or not errand.done)


def prepare(settings: WorkerSettings) -> None:
    """Raises SettingsError when the database cannot be had, or not under this name."""
    store = Store.open(settings.database)
    try:
        store.name.hold(settings.name)
    finally:
        store.close()


def retry_parked(settings: WorkerSettings) -> int:
    store = Store.open(settings.database)
    store.clock.look()
    count = store.parked.retry_all(store.clock())
    store.close()
    say(f"{count} parked posts wait for the next cycle")
    return 0


def export_preferences(settings: WorkerSettings, target: str) -> int:
    store = Store.open(settings.database)
    try:
        count = export(store, target)
    except OSError as error:
        sys.stderr.write(f"{target} cannot be written: {error.strerror}\n")
        return 1
    finally:
        store.close()
    sys.stderr.write(f"{count} drafts with what became of them\n")
    return 0


def run(wanted: argparse.Namespace, settings: WorkerSettings) -> int:
    if wanted.export_preferences:
        return export_preferences(settings, wanted.export_preferences)
    if not (wanted.once or wanted.cycles or wanted.retry_parked):
        serve("worker", settings, create_app, prepare=prepare)
        return 0
    configure_logs("worker", settings.log_level, settings.log_format)
    if wanted.once:
        return asyncio.run(once(settings, as_json=wanted.json))
    if wanted.cycles:
        return counted(settings, wanted.cycles, as_json=wanted.json)
    return retry_parked(settings)


def main(given: list[str]) -> int:
    wanted = arguments(given)
    if wanted.failpoints:
        say("\n".join(FAILPOINTS))
        return 0
    settings = load_settings(WorkerSettings)
    try:
        return run(wanted, settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
