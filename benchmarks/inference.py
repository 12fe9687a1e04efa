"""Requests per second and latency of the inference service, as a caller sees them.

Starts the service as a process, waits until it is ready, and drives it in a closed loop: each of
the callers sends its next request when the last is answered. Every request has a seed of its own,
and every answer is checked against it.

    python benchmarks/inference.py --concurrency 1 16 --seconds 20
"""

import argparse
import asyncio
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

READY_SECONDS = 120


def main() -> None:
    options = read_options()
    with service() as (url, process, ready_seconds):
        print(f"ready after {ready_seconds:.1f} s; {process_mebibytes(process.pid)} MiB resident")
        print("callers  requests/s  sentences/s  p50 ms  p99 ms  requests/batch  CPU s/sentence")
        for callers in options.concurrency:
            print(asyncio.run(measure(url, process.pid, callers, options)))
        print(f"at the end {process_mebibytes(process.pid)} MiB resident")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--seconds", type=float, default=20.0, help="per concurrency")
    parser.add_argument("--samples", type=int, default=5, help="sentences returned per request")
    parser.add_argument("--candidates", type=int, help="drafts per request; default: the writer's")
    return parser.parse_args()


@contextmanager
def service() -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "services.inference"],
        env={**os.environ, "INFERENCE_PORT": str(port), "LOG_LEVEL": "warning"},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield url, process, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    answer = "no answer yet"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            response = httpx.get(f"{url}/readyz")
        except httpx.TransportError:
            time.sleep(0.02)
            continue
        if response.is_success:
            return
        answer = response.text
    sys.exit(f"The service did not become ready: {answer}")


async def measure(url: str, pid: int, callers: int, options: argparse.Namespace) -> str:
    """One line of the table."""
    limits = httpx.Limits(max_connections=callers)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        await ask(client, 0, options)
        batches, cpu, started = await batches_so_far(client), cpu_seconds(pid), time.perf_counter()
        seeds, until = count(1), started + options.seconds
        loops = await asyncio.gather(
            *(closed_loop(client, seeds, until, options) for _ in range(callers))
        )
        elapsed = time.perf_counter() - started
        used = cpu_seconds(pid) - cpu
        batches = await batches_so_far(client) - batches
    latencies = [seconds for loop in loops for seconds, _ in loop]
    sentences = sum(written for loop in loops for _, written in loop)
    p50, p99 = quantile(latencies, 50), quantile(latencies, 99)
    return (
        f"{callers:7}  {len(latencies) / elapsed:10.2f}  {sentences / elapsed:11.1f}  "
        f"{p50 * 1000:6.0f}  {p99 * 1000:6.0f}  {len(latencies) / batches:14.1f}  "
        f"{used / sentences:14.3f}"
    )


async def closed_loop(
    client: httpx.AsyncClient, seeds: Iterator[int], until: float, options: argparse.Namespace
) -> list[tuple[float, int]]:
    """Seconds and sentences of each request."""
    taken = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        written = await ask(client, next(seeds), options)
        taken.append((time.perf_counter() - began, written))
    return taken


async def ask(client: httpx.AsyncClient, seed: int, options: argparse.Namespace) -> int:
    body = {"genres": ["dream pop", "shoegaze"], "num_samples": options.samples, "seed": seed}
    if options.candidates:
        body["candidates"] = options.candidates
    response = await client.post("/v1/generate", json=body)
    response.raise_for_status()
    answer = response.json()
    assert answer["seed"] == seed, "an answer went to the wrong caller"
    return len(answer["samples"])


async def batches_so_far(client: httpx.AsyncClient) -> float:
    metrics = (await client.get("/metrics")).text
    found = re.search(r"^inference_batch_rows_count (\S+)", metrics, re.MULTILINE)
    assert found, "the service counts its batches"
    return float(found[1])


def quantile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


def process_mebibytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
