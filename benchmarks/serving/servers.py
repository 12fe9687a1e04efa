"""The servers that are compared: how each is installed, started and asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.serving.setting import Setting

OURS = "deephypebot"
PLAIN = "FastAPI, no batching"


@dataclass(frozen=True)
class Server:
    """One of them."""

    name: str
    module: str  # that `python -m` starts
    batches: Literal["requests", "steps"] = "requests"
    package: str | None = None  # beyond what the project itself needs
    path: str = "/"
    body: str = '{"seed": SEED}'
    environment: Mapping[str, str] = field(default_factory=dict)
    own_environment: str | None = None  # of a peer that needs other versions than the rest
    python: str | None = None  # that it must run on

    @property
    def ours(self) -> bool:
        return self.name == OURS


PEERS = (
    Server(PLAIN, "benchmarks.serving.peers.fastapi_plain"),
    Server("FastAPI, fixed window", "benchmarks.serving.peers.fastapi_window"),
    Server(
        "LitServe",
        "benchmarks.serving.peers.litserve_batch",
        package="litserve==0.2.19",
        path="/predict",
    ),
    Server(
        "LitServe, continuous",
        "benchmarks.serving.peers.litserve_steps",
        batches="steps",
        package="litserve==0.2.19",
        path="/predict",
    ),
    Server(
        "mosec",
        "benchmarks.serving.peers.mosec_batch",
        package="mosec==0.9.8",
        path="/inference",
    ),
    Server(
        "BentoML",
        "benchmarks.serving.peers.bentoml_adaptive",
        package="bentoml==1.4.39",
        path="/answer",
        body='{"seeds": [SEED]}',
        environment={"BENTOML_DO_NOT_TRACK": "True"},
        own_environment="bentoml",
    ),
    Server(
        "Ray Serve, HAProxy",
        "benchmarks.serving.peers.ray_serve",
        package="ray[serve,haproxy]==2.60.0",
        environment={
            "RAY_SERVE_ENABLE_HA_PROXY": "1",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
        },
    ),
    Server(
        "Triton",
        "benchmarks.serving.peers.triton",
        package="nvidia-pytriton==0.7.0",
        path="/v2/models/sentences/infer",
        body='{"inputs": [{"name": "seed", "shape": [1, 1], "datatype": "INT64", "data": [SEED]}]}',
        own_environment="triton",
        python="/usr/bin/python3",
    ),
)


def servers(setting: Setting) -> list[Server]:
    """Ours, first, and the peers of a comparison.

    A plain module has no steps to join, so its peers all batch requests.
    """
    if setting.comparison == "layer":
        return [Server(OURS, "benchmarks.serving.ours", batches="steps"), *PEERS]
    product = Server(
        OURS,
        "services.inference",
        batches="steps",
        path="/v1/generate",
        body='{"seed": SEED, "num_samples": 1, "candidates": 1}',
        environment={
            "INFERENCE_THREADS": str(setting.threads),
            "INFERENCE_PRECISION": setting.precision,
            "INFERENCE_DEVICE": setting.device,
            "INFERENCE_SLOTS": str(setting.slots),
            "LOG_LEVEL": "warning",
        },
    )
    return [product, *(peer for peer in PEERS if peer.batches == "requests")]
