"""What the steps of one cycle share: store, services, time, and what was done so far."""

from dataclasses import dataclass, field

from services.common.rest import shown
from services.gateway.client import GatewayClient
from services.inference.client import InferenceClient
from worker.run import Run
from worker.settings import WorkerSettings
from worker.store import Store
from worker.troubles import Troubles, Upstream


@dataclass(slots=True)
class Tally:
    """What one cycle did so far."""

    posts: int = 0
    songs: int = 0
    known: int = 0
    with_genres: int = 0
    drafts: int = 0


@dataclass(slots=True)
class Course:
    """One cycle on its way."""

    store: Store
    gateway: GatewayClient
    inference: InferenceClient
    settings: WorkerSettings
    run: Run
    tally: Tally = field(default_factory=Tally)
    troubles: Troubles = field(default_factory=Troubles)


PARSER = Upstream("song parser")


def gateway_of(settings: WorkerSettings) -> Upstream:
    return Upstream("gateway", shown(settings.gateway_url), "GATEWAY_URL", "GATEWAY_KEY")


def inference_of(settings: WorkerSettings) -> Upstream:
    url = shown(settings.inference_url)
    return Upstream("inference service", url, "INFERENCE_URL", "INFERENCE_KEY")
