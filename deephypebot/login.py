"""`deephypebot login`: walks an operator through getting the tokens of the bot's account.

A walk asks, tries with the vendor what it was told, and ends with what is to be stored. Until then
nothing is; and no secret is ever shown.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from deephypebot.credentials import Credential, DotenvFile, Keeper, SecretFolder
from deephypebot.errors import CommandError
from deephypebot.terminal import AbandonedError, Terminal, printable
from services.common.serve import load_settings
from services.gateway.settings import GatewaySettings
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)

NOTHING_STORED = "Nothing was stored."
ADDRESSES = {"x": "X_BASE_URL", "mastodon": "--instance", "bluesky": "BLUESKY_BASE_URL"}


@dataclass(frozen=True)
class Visit:
    """Who is asked, and what is known already."""

    settings: GatewaySettings
    terminal: Terminal

    def calls(self, vendor: str) -> VendorCalls:
        metrics = VendorMetrics(CollectorRegistry())
        return VendorCalls(vendor, self.settings.upstream_timeout, metrics)

    def code_of(self, address: str, name: str) -> str:
        """What the vendor shows to whoever says yes at its address."""
        self.terminal.say(
            "Open this address in a browser that is logged in as the bot's account, and say yes:\n"
            f"\n  {address}\n"
        )
        return self.terminal.ask(name, f"the {name} is shown in a browser; use a terminal")


@dataclass(frozen=True)
class Login:
    """What a walk ends with."""

    timeline: str
    credentials: Sequence[Credential]
    remarks: Sequence[str]


Walk = Callable[[Visit], Login]


def log_in(walk: Walk, env: Path, secrets: Path | None) -> None:
    """Walk, then store.

    Raises CommandError, and KeyboardInterrupt when the operator gives up.
    """
    keeper: Keeper = SecretFolder(secrets) if secrets else DotenvFile(env)
    keeper.check()
    visit = Visit(load_settings(GatewaySettings, env), Terminal())
    login = walked(walk, visit)
    for line in (*keeper.keep(login.credentials), *login.remarks, *_next(login, visit.settings)):
        visit.terminal.say(line)


def walked(walk: Walk, visit: Visit) -> Login:
    """The end of the walk; raises as `log_in` does."""
    try:
        return walk(visit)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"\n{NOTHING_STORED}") from None
    except AbandonedError:
        raise KeyboardInterrupt(NOTHING_STORED) from None
    except VendorError as error:
        raise CommandError(f"{_told(error)} {NOTHING_STORED}") from error


@contextmanager
def refused(
    sentence: str, kinds: tuple[type[VendorError], ...] = (CredentialsError, RefusedByVendorError)
) -> Iterator[None]:
    """Tell the operator this when the vendor refuses; `{said}` stands for its own words."""
    try:
        yield
    except kinds as error:
        told = sentence.replace("{said}", printable(error.said).rstrip("."))
        raise CommandError(f"{told} {NOTHING_STORED}") from error


def _told(error: VendorError) -> str:
    said = f"{error.vendor.capitalize()}: {printable(error.said)}"
    match error:
        case UnreachableError() | RefusedByVendorError():
            return f"{said} Check the network, and the address ({ADDRESSES[error.vendor]})."
        case BusyVendorError():
            return f"{said} Try again in {error.retry_after or 60:.0f} seconds."
        case FailedVendorError() | SilentVendorError():
            return f"{said} Try again."
    return said


def _next(login: Login, settings: GatewaySettings) -> Iterator[str]:
    """What is left to do."""
    timeline = "" if settings.timeline == login.timeline else f"TIMELINE={login.timeline}, and "
    yield f"To go live: {timeline}a data folder of its own (DATA_DIR); `deephypebot doctor` checks."
