"""What the inference service can be told."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.common.settings import PORT, ServiceSettings


class InferenceSettings(ServiceSettings):
    """Settings of the inference service."""

    model_config = SettingsConfigDict(env_prefix="INFERENCE_")

    port: int = Field(8001, ge=0, le=65535, description=PORT)
    bundle: Path | None = Field(
        None, description="Folder of the trained writer; empty takes the one that ships."
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Where to compute: `cpu`, `cuda`, `cuda:1`, `mps`; `auto` takes the best.",
    )
    threads: int = Field(
        1,  # the decoder's products are small: several threads mostly wait for each other
        ge=1,
        le=256,
        description="CPU threads of one computation; on a busy machine, more of them are slower.",
    )
    precision: str = Field(
        "auto",
        pattern=r"^(auto|float32|bfloat16|int8)$",
        description="Of the decoder's products; `auto` tries which this machine multiplies "
        "fastest in. A seed's text depends on it.",
    )
    slots: int = Field(
        128,
        ge=1,
        le=4096,
        description="Most sentences that are decoded side by side, each at its own step; a GPU "
        "is best filled with 512 or more.",
    )
    queue_tokens: int = Field(
        131_072,
        ge=1,
        le=100_000_000,
        description="Most tokens that may be asked for at a time, about 36 for each draft; beyond "
        "them callers get 429 at once.",
    )
    deadline_seconds: float = Field(
        25.0,  # below the client's own 30 s, so that callers hear why
        gt=0,
        le=600,
        description="Longest that a request may take, seconds; one that cannot make it gets 429.",
    )
    max_body_bytes: int = Field(
        524_288, ge=1024, le=16_777_216, description="Largest request body, bytes."
    )
