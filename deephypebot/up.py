"""`deephypebot up`: the whole bot on one machine.

All that can be known to be wrong is said before anything starts: the feed, the credentials, the
writer, the settings, the data folder, the ports.
"""

import asyncio
from importlib.util import find_spec
from pathlib import Path

from deephypebot.console import Console, print_line
from deephypebot.data_folder import claimed, remember_timeline
from deephypebot.embedded import House, Wishes
from deephypebot.errors import CommandError
from deephypebot.json_lines import read_objects, text_of
from deephypebot.ports import refuse_taken
from deephypebot.refusals import refusals
from deephypebot.supervisor import Supervisor
from deephypebot.vendors import (
    TIMELINES,
    Environment,
    mixture,
    refuse_halves,
    refuse_unbounded,
    sheet_lacks,
)

READY = """
deephypebot is ready: {url}/curate

  a approves a draft, e edits it, x rejects them all; ? shows every key
  what you approve {fate}
  the page's header leads to the timeline and to how the bot is doing
  Ctrl-C stops everything; the next start goes on where this one stopped
"""

# As the worker's settings read them.
SWITCHED_OFF = {"0", "false", "f", "no", "n", "off"}
SWITCHED_ON = {"1", "true", "t", "yes", "y", "on"}


def up(wishes: Wishes) -> int:
    """Run until it is told to stop or is done; the exit status. Raises CommandError."""
    if wishes.feed is not None:
        check_feed(wishes.feed)
    environment = Environment.here()
    house = House(wishes, environment)
    refuse_halves(house.standings)
    refuse_unbounded(house.standings, environment)
    check_sheet(environment)
    check_writer(environment)
    check_settings(house)
    console = Console()
    with claimed(wishes.data):
        remember_timeline(wishes.data, house.timeline)
        refuse_taken(house.port_settings())
        _say_who_is_live(house, console)
        return asyncio.run(_supervisor(house, console).run())


def check_feed(path: Path) -> None:
    """Raises CommandError, naming the line, when this is no JSON Lines file of posts."""
    count = 0
    for place, value in read_objects(str(path)):
        text_of(value, place)
        count += 1
    if count == 0:
        raise CommandError(f"{path} holds no posts: a JSON object with a `text` a line is needed.")


def check_sheet(environment: Environment) -> None:
    """Raises CommandError when the drafts are to go to a sheet that cannot be reached."""
    if missing := sheet_lacks(environment):
        raise CommandError(
            f"SHEET is google: set {' and '.join(missing)} too, or SHEET=local to curate on the "
            "page /curate."
        )


def check_writer(environment: Environment) -> None:
    """Raises CommandError when there is surely nothing to write with."""
    if find_spec("torch") is None:
        raise CommandError(
            "The writer needs torch: pip install --constraint constraints.txt '.[inference]'"
        )
    folder = environment.get("INFERENCE_BUNDLE")
    if folder and not (Path(folder) / "config.json").is_file():
        raise CommandError(
            f"INFERENCE_BUNDLE is {folder}, where no bundle is (no config.json): name a folder "
            "that `deephypebot train` wrote, or unset it to use the one that ships."
        )


def check_settings(house: House) -> None:
    """Raises CommandError when a service would not start with what it is told."""
    if faults := refusals(house.programs()):
        raise CommandError("\n  ".join(("Wrong settings:", *faults)))


def fate(house: House) -> str:
    """What becomes of an approval, and when: it depends on what was set."""
    if (house.environment.get("WORKER_PUBLISH") or "").lower() in SWITCHED_OFF:
        return "is kept: nothing is published while WORKER_PUBLISH is false"
    if (house.environment.get("WORKER_DRY_RUN") or "").lower() in SWITCHED_ON:
        return "is only logged: nothing is published while WORKER_DRY_RUN is true"
    if house.timeline != "sandbox":
        where = TIMELINES[house.timeline].name
        return f"is published on {where}, at the pace that WORKER_MIN_INTERVAL sets"
    if house.environment.get("WORKER_MIN_INTERVAL") is None:
        return "is published on the sandbox's timeline within two cycles"
    return "is published on the sandbox's timeline, at the pace that WORKER_MIN_INTERVAL sets"


def _say_who_is_live(house: House, console: Console) -> None:
    for standing in house.standings:
        console.say(standing.line())
    if warning := mixture(house.standings):
        console.say(warning)


def _supervisor(house: House, console: Console) -> Supervisor:
    headless = house.wishes.headless

    def announce() -> None:
        if not headless:
            print_line(READY.format(url=house.url("gateway"), fate=fate(house)))

    return Supervisor(
        house.programs(),
        console,
        outputs={"worker": print_line} if headless else {},
        on_ready=announce,
    )
