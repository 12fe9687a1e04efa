"""How long the pages of the desk take over HTTP, and what the gateway costs meanwhile."""

import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.desk.filling import COMMON, RARE
from benchmarks.serving.processes import Launch, Running, free_port, running
from benchmarks.serving.setting import HOST

TIMES = 30
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: the desk needs no vendor
ASKED = {
    "/curate": "/curate",
    "/curate, next item": "/curate?after=x:{middle}",
    "/curate, items ahead": "/curate/ahead?after=x:{middle}",
    "/curate, rare word": f"/curate?search={RARE}",
    "/curate, common word": f"/curate?search={COMMON}",
    "/curate, no such word": "/curate?search=xylophone",
    "list": "/curate/list",
    "list, rare word": f"/curate/list?search={RARE}",
    "list, common word": f"/curate/list?search={COMMON}",
    "list, no such word": "/curate/list?search=xylophone",
    "list, three words": f"/curate/list?search={COMMON}+somebody+{RARE}",
    "list, rare genre": "/curate/list?genre=polka",
}


@contextmanager
def a_gateway(folder: Path) -> Iterator[Running]:
    """The real gateway, as a process, over the database in `folder`."""
    port = free_port()
    told = {
        "GATEWAY_PORT": str(port),
        "DATA_DIR": str(folder),
        "TIMELINE": "x",
        "X_BASE_URL": NOWHERE,
        "SPOTIFY_API_URL": NOWHERE,
        "MUSICBRAINZ_URL": NOWHERE,
        "INFERENCE_URL": NOWHERE,
        "LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "services.gateway"]
    launch = Launch(command, told, port, "/livez", "", folder / "gateway.log")
    with running(launch) as gateway:
        yield gateway


def times(gateway: Running, middle: str) -> Iterator[tuple[str, Mapping[str, float]]]:
    """By what is asked: the first answer, the median and the worst of the following, in ms."""
    with httpx.Client(base_url=f"http://{HOST}:{gateway.port}", timeout=60) as http:
        for name, path in ASKED.items():
            first, *others = (_ms(http, path.format(middle=middle)) for _ in range(TIMES + 1))
            yield (
                name,
                {"first": first, "median": statistics.median(others), "worst": max(others)},
            )


def _ms(http: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    http.get(path).raise_for_status()
    return (time.perf_counter() - started) * 1000
