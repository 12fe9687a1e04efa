"""What a server is told: by one environment variable, which its worker processes inherit."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Literal

Comparison = Literal["layer", "product"]
Lengths = Literal["mixed", "equal", "spread"]

VARIABLE = "SERVING_BENCHMARK"
HOST = "127.0.0.1"

SEEDS = 512  # requests that differ; the loader goes round them
BATCH = 64  # most requests that a peer decodes together
WAIT_SECONDS = 0.005  # that a peer waits for a batch to fill
CPU_SLOTS, GPU_SLOTS = 128, 512
PATIENCE_SECONDS = 120  # after which a peer may give a request up


@dataclass(frozen=True)
class Setting:
    """What all servers of a comparison have in common, and the port of this one."""

    comparison: Comparison = "layer"
    lengths: Lengths = "mixed"
    precision: str = "float32"  # of our engine's products
    threads: int = 1  # of torch
    device: str = "cpu"  # or cuda
    port: int = 0

    @property
    def slots(self) -> int:
        """Rows that our engine decodes side by side."""
        return GPU_SLOTS if self.device == "cuda" else CPU_SLOTS

    def environment(self) -> dict[str, str]:
        """The variable that says it, and those that keep every library to as many threads."""
        threads = str(self.threads)
        return {
            VARIABLE: json.dumps(asdict(self)),
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
        }

    @classmethod
    def read(cls) -> "Setting":
        """The setting of this process."""
        return cls(**json.loads(os.environ[VARIABLE]))
