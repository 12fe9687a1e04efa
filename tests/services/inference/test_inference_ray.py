"""The service on Ray Serve: a real local Ray, two replicas of the shipped writer, HTTP."""

import asyncio
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from services.inference.schemas import GenerateAnswer
from services.inference.settings import InferenceSettings
from tests.services.inference.processes import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
on_ray = pytest.mark.skipif(find_spec("ray") is None, reason="no Ray: pip install '.[ray]'")

ROOT = Path(__file__).resolve().parents[3]
CONFIGURATION = ROOT / "deploy" / "ray" / "serve.yaml"
PATIENCE = 120  # seconds
ASKED: dict[str, Any] = {"genres": ["dream pop", "shoegaze"], "num_samples": 1, "candidates": 4}
REPLICA = re.compile(r'^inference_replica_info{replica="(\w+)"} 1.0$', re.MULTILINE)
ANSWERED = re.compile(
    r'^http_request_duration_seconds_count{method="POST",route="/v1/generate",status="200"} (\S+)$',
    re.MULTILINE,
)


def shipped() -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """The configuration, and in it the settings and the one deployment."""
    configuration = yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))
    (application,) = configuration["applications"]
    (deployment,) = application["deployments"]
    return configuration, application["runtime_env"]["env_vars"], deployment


@dataclass
class Cluster:
    """A Ray of one node, with the service on it."""

    folder: Path
    environment: dict[str, str]
    client: httpx.Client

    def deploy(self, **settings: str) -> None:
        """Hand Ray the shipped configuration, with two replicas and these settings."""
        configuration, told, deployment = shipped()
        configuration["http_options"]["port"] = self.client.base_url.port
        deployment["autoscaling_config"]["max_replicas"] = 2
        told.update(settings)
        path = self.folder / "serve.yaml"
        path.write_text(yaml.safe_dump(configuration), encoding="utf-8")
        command = [program("serve"), "run", "--non-blocking", str(path)]
        subprocess.run(command, check=True, env=self.environment, cwd=self.folder)

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def answered(self) -> dict[str, float]:
        """How many drafts each replica has given; Ray chooses which of them is asked."""
        counts = {}
        for _ in range(16):
            metrics = self.client.get("/metrics").text
            (replica,) = REPLICA.findall(metrics)
            counts[replica] = sum(map(float, ANSWERED.findall(metrics)))
        return counts

    def is_two_others_than(self, old: Iterable[str]) -> bool:
        new = self.answered().keys()
        return len(new) == 2 and new.isdisjoint(old)

    def logs(self) -> str:
        logs = [*self.folder.glob("*.log"), *self.folder.glob("session_latest/logs/serve/*.log")]
        return "\n".join(f"{log.name}\n{log.read_text()[-5000:]}" for log in logs)


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


@contextmanager
def ray_node(folder: str) -> Iterator[dict[str, str]]:
    """Yields the environment that reaches it."""
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RAY_ADDRESS": f"127.0.0.1:{port}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    options = {
        "temp-dir": folder,
        "node-ip-address": "127.0.0.1",
        "port": port,
        "ray-client-server-port": free_port(),
        "dashboard-agent-listen-port": free_port(),
        "num-cpus": 2,
        "object-store-memory": 100_000_000,
        "include-dashboard": "false",
    }
    command = [program("ray"), "start", "--head", "--block"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (Path(folder) / "node.log").open("wb") as log:
        node = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield environment
    finally:
        node.terminate()  # and with it all that it started
        node.wait(60)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # pytest's own folders are too long: a socket's path has 107 characters at most.
    with (
        tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder,
        ray_node(folder) as environment,
        httpx.Client(base_url=f"http://127.0.0.1:{free_port()}", timeout=60) as client,
    ):
        cluster = Cluster(Path(folder), environment, client)
        cluster.wait((cluster.folder / "ray_current_cluster").exists)
        cluster.deploy()
        cluster.wait(cluster.answers)
        cluster.wait(lambda: cluster.is_two_others_than([]))
        yield cluster


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    (sample,) = GenerateAnswer.model_validate_json(response.content).samples
    return sample.text


async def ask(base_url: httpx.URL, seed: int, until: Callable[[], bool]) -> list[str]:
    """Ask for one seed's text again and again, and at least once."""
    texts: list[str] = []
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:
        while not (texts and until()):
            response = await client.post("/v1/generate", json={**ASKED, "seed": seed})
            texts.append(text(response))
    return texts


@asynccontextmanager
async def asked_meanwhile(base_url: httpx.URL) -> AsyncIterator[None]:
    """Four callers ask as long as this lasts; each is answered, with one text every time."""
    done = asyncio.Event()
    callers = [asyncio.create_task(ask(base_url, seed, done.is_set)) for seed in range(4)]
    try:
        yield
    finally:
        done.set()
        texts = await asyncio.gather(*callers)
    assert min(map(len, texts)) > 1
    assert [len(set(same)) for same in texts] == [1] * 4


def test_without_ray_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['ray'] = None; import services.inference.ray_app"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert said.returncode == 1
    assert "pip install --constraint constraints.txt '.[ray]'" in said.stderr.splitlines()[-1]


def test_a_stopped_replica_has_longer_than_any_request() -> None:
    _, settings, deployment = shipped()
    deadline = float(settings["INFERENCE_DEADLINE_SECONDS"])
    assert deadline == InferenceSettings.model_fields["deadline_seconds"].default
    assert deployment["graceful_shutdown_timeout_s"] > deadline


@on_ray
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1/genres", "/v1/model", "/openapi.json"])
def test_the_doors_are_those_of_the_service(cluster: Cluster, path: str) -> None:
    assert cluster.client.get(path).status_code == 200


@on_ray
async def test_both_replicas_give_a_seed_the_same_text(cluster: Cluster) -> None:
    before = cluster.answered()
    asking = [ask(cluster.client.base_url, seed=7, until=lambda: True) for _ in range(16)]
    texts = [answer for answers in await asyncio.gather(*asking) for answer in answers]
    assert len(texts) == 16
    assert len(set(texts)) == 1
    assert sum(count > before[replica] for replica, count in cluster.answered().items()) == 2


@on_ray
async def test_an_update_fails_no_request(cluster: Cluster) -> None:
    old = cluster.answered()
    async with asked_meanwhile(cluster.client.base_url):
        await asyncio.to_thread(cluster.deploy, INFERENCE_MAX_BODY_BYTES="2048")
        await asyncio.to_thread(cluster.wait, lambda: cluster.is_two_others_than(old))
    assert cluster.client.post("/v1/generate", content=b" " * 3000).status_code == 413


@on_ray
async def test_a_replica_without_a_writer_is_never_asked(cluster: Cluster) -> None:
    old = cluster.answered()
    async with asked_meanwhile(cluster.client.base_url):
        await asyncio.to_thread(cluster.deploy, INFERENCE_BUNDLE=str(cluster.folder / "nowhere"))
        await asyncio.to_thread(cluster.wait, lambda: "no bundle in" in cluster.logs())
        await asyncio.to_thread(cluster.deploy, INFERENCE_SLOTS="64")
        await asyncio.to_thread(cluster.wait, lambda: cluster.is_two_others_than(old))
