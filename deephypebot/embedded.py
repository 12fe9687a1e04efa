"""The bot on one machine: which services run, and what each of them is told.

Everything is wired by environment variables, the same that production uses; what the person
set, in the environment or in `.env`, wins wherever it does not contradict running on loopback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deephypebot.child import Program
from deephypebot.errors import CommandError
from deephypebot.ports import LOOPBACK
from deephypebot.vendors import Environment, Standing, stand_ins, standings

DEFAULT_PORTS = {"sandbox": 8090, "inference": 8001, "gateway": 8000, "worker": 8002}
POSTS_PER_CYCLE = 200
# A little more than the worker reads, so that a full batch waits whenever it looks.
FEED_PER_CYCLE = 220
# Reading X costs money; looking at the sandbox does not.
LIVE_INTERVAL, SANDBOX_INTERVAL = 60.0, 10.0
STOP_SECONDS = "2"


@dataclass(frozen=True)
class Wishes:
    """What the person asked `up` for."""

    data: Path
    feed: Path | None = None
    headless: bool = False
    cycles: int | None = None
    interval: float | None = None


class House:
    """The services of one embedded run."""

    def __init__(self, wishes: Wishes, environment: Environment) -> None:
        self.wishes, self.environment = wishes, environment
        self.standings: list[Standing] = standings(environment)
        self.sandboxed = any(not standing.live for standing in self.standings)
        names = [name for name in DEFAULT_PORTS if name != "sandbox" or self.sandboxed]
        self.ports = {name: self._port(name) for name in names}

    def _port(self, name: str) -> int:
        setting = port_setting(name)
        value = self.environment.get(setting)
        if value is None:
            return DEFAULT_PORTS[name]
        if not value.isdecimal() or not 0 < int(value) < 65536:
            raise CommandError(f"{setting} is '{value}': a port from 1 to 65535 is needed.")
        return int(value)

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def interval(self) -> float:
        """Seconds from one cycle to the next."""
        if self.wishes.interval is not None:
            return self.wishes.interval
        if own := self.environment.get("WORKER_INTERVAL"):
            return float(own)
        return LIVE_INTERVAL if self.timeline == "x" else SANDBOX_INTERVAL

    @property
    def timeline(self) -> str:
        """Whose timeline the data folder remembers."""
        return "x" if self.standings[0].live else "sandbox"

    def port_settings(self) -> dict[str, int]:
        return {port_setting(name): port for name, port in self.ports.items()}

    def programs(self) -> list[Program]:
        """In the order of their dependence; the last one uses all the others."""
        first = ("sandbox",) if self.sandboxed else ()
        programs = [
            self._program("inference", "services.inference"),
            self._program("gateway", "services.gateway", after=first),
            self._program("worker", "worker", after=("inference", "gateway")),
        ]
        if self.sandboxed:
            programs.insert(0, self._program("sandbox", "services.sandbox"))
        return programs

    def _program(self, name: str, module: str, after: tuple[str, ...] = ()) -> Program:
        return Program(
            name=name,
            module=module,
            ready_url=f"{self.url(name)}/readyz",
            environment=self._shared() | self._wiring(name),
            after=after,
            finishes=name == "worker" and self.wishes.cycles is not None,
        )

    def _shared(self) -> dict[str, str]:
        return {
            "DATA_DIR": str(self.wishes.data),
            "SHUTDOWN_SECONDS": STOP_SECONDS,
            # Services talk over loopback; a proxy for the outside world must not see that.
            "NO_PROXY": _with_loopback(self.environment.values.get("NO_PROXY")),
            "no_proxy": _with_loopback(self.environment.values.get("no_proxy")),
        } | ({"LOG_LEVEL": "warning"} if self._hushed() else {})

    def _hushed(self) -> bool:
        return self.wishes.headless and self.environment.get("LOG_LEVEL") is None

    def _wiring(self, name: str) -> dict[str, str]:
        own = {port_setting(name): str(self.ports[name]), f"{name.upper()}_HOST": LOOPBACK}
        told: dict[str, Mapping[str, str]] = {
            "sandbox": self._sandbox(),
            "inference": {},
            "gateway": self._gateway(),
            "worker": self._worker(),
        }
        return own | dict(told[name])

    def _sandbox(self) -> dict[str, str]:
        if not self.sandboxed:
            return {}
        told = {
            "SANDBOX_STATE": str(self.wishes.data / "sandbox.sqlite"),
            # These stand-ins are there to be tried, at a person's pace and not at the vendors'.
            "SANDBOX_X_LIMITS": "false",
            "SANDBOX_MUSICBRAINZ_PER_SECOND": "0",
        }
        if self.wishes.feed is not None:
            seconds_per_post = self.interval / FEED_PER_CYCLE
            told |= {
                "SANDBOX_FEED": str(self.wishes.feed),
                "SANDBOX_FEED_BURST": str(POSTS_PER_CYCLE),
                "SANDBOX_FEED_INTERVAL": f"{seconds_per_post:.6f}",
            }
        return told

    def _gateway(self) -> dict[str, str]:
        if not self.sandboxed:
            return {}
        url = self.url("sandbox")
        return {"GATEWAY_SANDBOX_URL": url} | stand_ins(self.standings, url)

    def _worker(self) -> dict[str, str]:
        told = {
            "GATEWAY_URL": self.url("gateway"),
            "INFERENCE_URL": self.url("inference"),
            "WORKER_INTERVAL": str(self.interval),
        }
        if self.timeline == "sandbox":
            told |= {
                "WORKER_FIRST_RUN_POSTS": str(POSTS_PER_CYCLE),
                "PUBLISH_MIN_INTERVAL_SECONDS": "0",
                "PUBLISH_SETTLE_SECONDS": "2",
            }
        return told


def port_setting(name: str) -> str:
    return f"{name.upper()}_PORT"


def _with_loopback(no_proxy: str | None) -> str:
    return ",".join(part for part in (no_proxy, LOOPBACK, "localhost") if part)
