"""What the worker can be told (`WORKER_*`, and the bare names that it shares with others)."""

import re
import socket
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.common.settings import PORT, HeaderKey
from worker.languages import language_of
from worker.policy.settings import PublishingSettings

DAY = 86_400.0  # seconds


def _is_language(tag: str) -> bool:
    return (
        language_of(tag) is not None and re.fullmatch(r"[A-Za-z]{2,3}(?:[-_]\w+)*", tag) is not None
    )


class WorkerSettings(PublishingSettings):
    """Which services the worker speaks with, and how often; how it publishes is the policy's."""

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    port: int = Field(8002, ge=0, le=65535, description=PORT)
    name: str = Field(
        default_factory=socket.gethostname,
        min_length=1,
        max_length=80,
        pattern=r"^[^/\s]+$",
        description="This worker's name; two that share a database need two. Default: the host's.",
    )
    gateway_url: str = Field(
        "http://127.0.0.1:8000", validation_alias="GATEWAY_URL", description="The gateway."
    )
    inference_url: str = Field(
        "http://127.0.0.1:8001",
        validation_alias="INFERENCE_URL",
        description="The inference service.",
    )
    gateway_key: HeaderKey | None = Field(
        None,
        validation_alias="GATEWAY_KEY",
        description="Bearer key for the gateway; without one, the first of API_KEYS.",
    )
    inference_key: HeaderKey | None = Field(
        None,
        validation_alias="INFERENCE_KEY",
        description="Bearer key for the inference service; without one, the first of API_KEYS.",
    )
    gateway_timeout: float = Field(
        45.0, gt=0, le=300, description="How long the gateway may take to answer, seconds."
    )
    inference_timeout: float = Field(
        60.0, gt=0, le=300, description="How long drafts for one post may take, seconds."
    )
    data_dir: Path = Field(
        Path("data"), validation_alias="DATA_DIR", description="Folder of the SQLite files."
    )
    database_url: str | None = Field(
        None,
        description="The worker's own database (sqlite:///... or postgresql+psycopg://...); "
        "without one, DATABASE_URL, else a SQLite file in DATA_DIR.",
    )
    shared_database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL database that services share, each in a schema of its own.",
    )

    interval: float = Field(60.0, gt=0, le=DAY, description="Time between two cycles, seconds.")
    desk_interval: float = Field(
        10.0, gt=0, le=DAY, description="Time between two looks at the curator's desk, seconds."
    )
    cycle_timeout: float = Field(
        600.0,
        gt=0,
        le=DAY / 2,  # a lease that ends a day ahead is taken for a wrong clock's
        description="Longest time that one cycle may take, seconds.",
    )
    limit: int = Field(200, ge=1, le=200, description="Most posts that one cycle reads.")
    first_run_posts: int = Field(
        0,
        ge=0,
        le=200,
        description="How many of the newest posts the very first cycle takes; 0 begins with what "
        "is posted from then on.",
    )
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Languages of the posts to read, comma-separated (`en,pt`), as the platform "
        "tells them; empty reads all. A post without a language is always read.",
    )
    mentions_interval: float = Field(
        60.0,
        ge=0,
        le=DAY,
        description="Time between two readings of the posts that mention the bot, seconds; 0: they "
        "are not read. They are drafted first. X charges for each.",
    )
    handle: str = Field(
        "",
        max_length=200,
        description="The bot's own name on the platform, without @: in a post that mentions it, it "
        "is no artist.",
    )
    reply: bool = Field(
        False,
        description="Whether what a mention asked for is published as a reply to it, where the "
        "platform allows that (X wants AI replies approved beforehand); else it stands alone.",
    )
    reception: bool = Field(
        True,
        description="Whether likes, reposts and replies of what was published are read, an hour, a "
        "day and a week later. X charges for each.",
    )
    num_samples: int = Field(5, ge=1, le=20, description="Drafts per post.")
    concurrency: int = Field(
        8, ge=1, le=64, description="Calls to the catalogue, or to the writer, at one time."
    )
    most_faults: int = Field(
        5, ge=1, le=1000, description="After so many errors of its own a post is parked."
    )

    retention_days: int = Field(
        7,
        ge=1,
        le=3650,
        description="Days after which what a post said is wiped, once it has come to an end (no "
        "song, or decided). Where reading costs money, it is wiped within a day.",
    )

    @field_validator("languages", mode="before")
    @classmethod
    def split_languages(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        tags = [tag.strip() for tag in value.split(",") if tag.strip()]
        if wrong := [tag for tag in tags if not _is_language(tag)]:
            message = f"{wrong[0]!r} is no language; write codes like en,pt"
            raise ValueError(message)
        return tuple(dict.fromkeys(filter(None, map(language_of, tags))))

    @property
    def database(self) -> str:
        given = self.database_url or self.shared_database_url
        return given or f"sqlite:///{self.data_dir / 'worker.sqlite3'}"

    @property
    def longest_call(self) -> timedelta:
        """How long one call to a service may take with its retries."""
        return timedelta(seconds=3 * self.gateway_timeout + self.inference_timeout)
