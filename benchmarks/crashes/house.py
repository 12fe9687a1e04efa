"""The services that outlive the workers: sandbox, gateway, and a writer that answers at once.

They run in threads of one process; their apps are the real ones but for the writer. Its sentences
are made from the seed, so a post that is drafted twice would get the same, and a test can tell.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from benchmarks.crashes.people import CATALOGUE
from services.common.settings import ServiceSettings
from services.gateway.app import create_app as create_gateway
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.local import LocalSheet
from services.inference.schemas import (
    GenerateAnswer,
    GenerateRequest,
    GenreMatch,
    ModelName,
    Sample,
)
from services.sandbox.app import create_app as create_sandbox
from services.sandbox.settings import SandboxSettings
from tests.served import served

KEPT = "sandbox.sqlite3"
UPSTREAM_SECONDS = 1.0
SETTLE_SECONDS = 0.5
VOCABULARY = (
    "amber blue cold deep early faint golden hollow idle jagged kind late mild narrow open pale "
    "quiet rough slow tender upper vast warm young drum echo field guitar harbour island lamp "
    "mirror night organ piano river shadow tape voice window"
)


@dataclass(frozen=True)
class House:
    """Where the services are, the desk as the curator's page has it, and what the sandbox keeps."""

    sandbox: httpx.Client
    gateway_url: str
    writer_url: str
    desk: LocalSheet
    kept: Path


@contextmanager
def a_house(folder: Path) -> Iterator[House]:
    """All services, with nothing on the timeline."""
    with ExitStack() as stack:
        sandbox_url = stack.enter_context(served(_sandbox(folder), _local(folder)))
        gateway = _gateway(folder, sandbox_url)
        gateway_url = stack.enter_context(served(gateway, _local(folder)))
        writer_url = stack.enter_context(served(create_writer(), _local(folder)))
        http = httpx.Client(base_url=sandbox_url, timeout=30, trust_env=False)
        sandbox = stack.enter_context(http)
        wait_for(gateway_url)
        yield House(
            sandbox, gateway_url, writer_url, LocalSheet(gateway.state.engine), folder / KEPT
        )


def wait_for(url: str) -> None:
    """Until a service has started: its socket listens before."""
    httpx.get(f"{url}/livez", timeout=60, trust_env=False).raise_for_status()


def _local(folder: Path) -> ServiceSettings:
    return SandboxSettings(_env_file=None, port=0, state=folder / KEPT)


def _sandbox(folder: Path) -> FastAPI:
    feed, catalogue = folder / "feed.jsonl", folder / "catalogue.csv"
    feed.write_text('{"text": "The kettle is on."}\n')
    catalogue.write_text(CATALOGUE)
    return create_sandbox(
        SandboxSettings(
            _env_file=None,
            state=folder / KEPT,
            feed=feed,
            feed_burst=0,
            feed_interval=1e9,
            catalogue=catalogue,
            x_limits=False,
            x_depth=1_000_000,
            spotify_extended=True,
        )
    )


def _gateway(folder: Path, sandbox_url: str) -> FastAPI:
    secret = SecretStr("secret")
    return create_gateway(
        GatewaySettings(
            _env_file=None,
            data_dir=folder,
            timeline="x",
            catalogues=("spotify",),
            sandbox_url=sandbox_url,
            upstream_timeout=UPSTREAM_SECONDS,
            publish_settle_seconds=SETTLE_SECONDS,
            x_base_url=f"{sandbox_url}/x",
            x_consumer_key=SecretStr("key"),
            x_consumer_secret=secret,
            x_access_token=SecretStr("1000-token"),
            x_access_token_secret=secret,
            spotify_api_url=f"{sandbox_url}/spotify",
            spotify_accounts_url=f"{sandbox_url}/spotify-accounts",
            spotify_client_id="id",
            spotify_client_secret=secret,
        )
    )


def create_writer() -> FastAPI:
    """The inference service's `/v1/generate`, without a writer behind it."""
    app = FastAPI()

    @app.post("/v1/generate")
    async def generate(request: GenerateRequest) -> GenerateAnswer:
        seed = request.seed or 0
        return GenerateAnswer(
            model=ModelName(name="stub", revision="1"),
            genres=GenreMatch(known=request.genres, mapped={}, unknown=[]),
            seed=seed,
            samples=[sentence(seed, rank) for rank in range(1, request.num_samples + 1)],
        )

    return app


def sentence(seed: int, rank: int) -> Sample:
    words = random.Random(f"{seed} {rank}").choices(VOCABULARY.split(), k=12)
    return Sample(
        text=f"{' '.join(words).capitalize()}.",
        score=5 / rank,
        log_prob=-1.0,
        topic=0.5,
        novelty=1.0,
        latent=[0.5] * 8,
    )
