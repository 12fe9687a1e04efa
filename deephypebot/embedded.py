"""The bot on one machine: which services run, where, and in what order."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deephypebot import wiring
from deephypebot.child import Program
from deephypebot.errors import CommandError
from deephypebot.ports import LOOPBACK
from deephypebot.vendors import Environment, stand_ins, standings, timeline_of

DEFAULT_PORTS = {"sandbox": 8090, "inference": 8001, "gateway": 8000, "worker": 8002}
# Reading X costs money; looking at the sandbox does not.
LIVE_INTERVAL, SANDBOX_INTERVAL = 60.0, 10.0
LEAST_INTERVAL, MOST_INTERVAL = 0.1, 86_400.0
ENDLESS = 10**9  # cycles; more than there are seconds in thirty years


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
        self.standings = standings(environment)
        self.sandboxed = any(not standing.live for standing in self.standings)
        # The timeline's vendor stands first.
        live = self.standings[0].live
        self.timeline = timeline_of(environment) if live else "sandbox"
        names = [name for name in DEFAULT_PORTS if name != "sandbox" or self.sandboxed]
        self.ports = {name: self._port(name) for name in names}
        self.interval = self._interval()

    def _port(self, name: str) -> int:
        setting = port_setting(name)
        value = self.environment.get(setting)
        if value is None:
            return DEFAULT_PORTS[name]
        if not value.isdecimal() or not 0 < int(value) < 65536:
            raise CommandError(f"{setting} is '{value}': a port from 1 to 65535 is needed.")
        return int(value)

    def _interval(self) -> float:
        """Seconds from one cycle to the next."""
        if self.wishes.interval is not None:
            return self.wishes.interval
        value = self.environment.get("WORKER_INTERVAL")
        if value is None:
            return SANDBOX_INTERVAL if self.timeline == "sandbox" else LIVE_INTERVAL
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not LEAST_INTERVAL <= seconds <= MOST_INTERVAL:
            raise CommandError(
                f"WORKER_INTERVAL is '{value}': seconds are needed, from {LEAST_INTERVAL:g} to "
                f"{MOST_INTERVAL:g}."
            )
        return seconds

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def port_settings(self) -> dict[str, int]:
        return {port_setting(name): port for name, port in self.ports.items()}

    def programs(self) -> list[Program]:
        """In the order of their dependence; the last one uses all the others."""
        first = ("sandbox",) if self.sandboxed else ()
        programs = [
            self._program("inference", "services.inference", {}),
            self._program("gateway", "services.gateway", self._gateway(), after=first),
            self._program("worker", "worker", self._worker(), after=("inference", "gateway")),
        ]
        if self.sandboxed:
            programs.insert(0, self._program("sandbox", "services.sandbox", self._sandbox()))
        return programs

    def _program(
        self, name: str, module: str, told: Mapping[str, str], after: tuple[str, ...] = ()
    ) -> Program:
        own = {port_setting(name): str(self.ports[name]), f"{name.upper()}_HOST": LOOPBACK}
        shared = wiring.common(self.wishes.data, self.environment.get("NO_PROXY"))
        hushed = self._unless_set({"LOG_LEVEL": "warning"}) if self.wishes.headless else {}
        return Program(
            name=name,
            module=module,
            ready_url=f"{self.url(name)}/readyz",
            arguments=self._arguments() if name == "worker" else (),
            environment={**shared, **hushed, **own, **told},
            after=after,
            finishes=name == "worker" and self.wishes.cycles is not None,
        )

    def _arguments(self) -> tuple[str, ...]:
        """The worker prints a summary of each cycle when it counts them."""
        cycles = self.wishes.cycles or (ENDLESS if self.wishes.headless else None)
        return ("--cycles", str(cycles)) if cycles else ()

    def _sandbox(self) -> dict[str, str]:
        told = {
            "SANDBOX_STATE": str(self.wishes.data / "sandbox.sqlite3"),
            "SANDBOX_DESK_URL": self.url("gateway"),
        }
        told |= self._unless_set(wiring.SANDBOX_EASE)
        if self.wishes.feed is not None:
            told |= wiring.replay(self.wishes.feed, self.interval)
        return told

    def _gateway(self) -> dict[str, str]:
        told = {"INFERENCE_URL": self.url("inference")}
        if not self.sandboxed:
            return told
        url = self.url("sandbox")
        told |= {"GATEWAY_SANDBOX_URL": url} | stand_ins(self.standings, url)
        if self.timeline == "sandbox":
            told |= wiring.published_on_sandbox(url)
            told |= self._unless_set(wiring.own_database("gateway", self.wishes.data))
        return told

    def _worker(self) -> dict[str, str]:
        told = {
            "GATEWAY_URL": self.url("gateway"),
            "INFERENCE_URL": self.url("inference"),
            "WORKER_INTERVAL": str(self.interval),
        }
        if self.timeline == "sandbox":
            told |= self._unless_set(wiring.SANDBOX_PACE)
            told |= self._unless_set(wiring.own_database("worker", self.wishes.data))
        return told

    def _unless_set(self, preferences: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value for name, value in preferences.items() if self.environment.get(name) is None
        }


def port_setting(name: str) -> str:
    return f"{name.upper()}_PORT"
