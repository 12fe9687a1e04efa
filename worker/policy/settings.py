"""What an operator can say of publishing; `policy` is what follows from it."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.common.settings import ServiceSettings
from services.gateway.schemas import Composing
from services.gateway.wording import checked
from worker.policy import BlockedWords, Likeness, Pace, Policy
from worker.policy.quiet import QuietHours, zone_of

MOST_UNDO = 3600.0
MOST_INTERVAL = 604_800.0  # a week


class PublishingSettings(ServiceSettings):
    """Whether, when and how approved drafts leave."""

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    publish: bool = Field(
        True, description="The kill switch: `false` keeps every approved draft in the outbox."
    )
    dry_run: bool = Field(
        False,
        description="Do everything but send: what would leave is logged, and stays in the outbox.",
    )
    undo_seconds: float = Field(
        60.0,
        ge=0,
        le=MOST_UNDO,
        description="How long an approved draft waits, so that the approval can be undone.",
    )
    min_interval: float = Field(
        300.0, ge=0, le=MOST_INTERVAL, description="Least time between two publications, seconds."
    )
    jitter: float = Field(
        0.25,
        ge=0,
        le=1,
        description="How much longer that time may be, as a part of it: by chance, but the same "
        "for a publication after a restart.",
    )
    most_a_day: int = Field(50, ge=0, le=100_000, description="Most publications within 24 hours.")
    quiet_hours: str | None = Field(
        None, description="When nothing leaves, such as `22:00-07:30`; empty for never."
    )
    quiet_zone: str = Field(
        "UTC", description="The time zone of the quiet hours, such as `Europe/Berlin`."
    )
    template: str = Field(
        "{text} — “{title}” by {artist}",
        description="How a post is made; without the song where the words name it already.",
    )
    likeness: float = Field(
        0.6,
        gt=0,
        le=1,
        description="From which likeness to an earlier post a draft is not published; 1: only the "
        "very same words.",
    )
    likeness_posts: int = Field(
        50, ge=0, le=1000, description="With how many of our last posts it is compared; 0 for none."
    )
    blocked_words: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Words and phrases that are never published, separated by commas or lines; "
        "mostly a file: WORKER_BLOCKED_WORDS_FILE.",
    )

    @field_validator("template")
    @classmethod
    def has_its_slots(cls, value: str) -> str:
        return checked(value)

    @field_validator("blocked_words", mode="before")
    @classmethod
    def split_words(cls, value: object) -> object:
        """Lines that begin with # are remarks."""
        if not isinstance(value, str):
            return value
        lines = (line for line in value.splitlines() if not line.lstrip().startswith("#"))
        return tuple(word.strip() for line in lines for word in line.split(",") if word.strip())

    @field_validator("blocked_words")
    @classmethod
    def can_be_matched(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        BlockedWords.of(value)
        return value

    @field_validator("quiet_hours")
    @classmethod
    def are_hours(cls, value: str | None) -> str | None:
        if value:
            QuietHours.of(value, "UTC")
        return value

    @field_validator("quiet_zone")
    @classmethod
    def is_a_zone(cls, value: str) -> str:
        zone_of(value)
        return value

    @property
    def mode(self) -> Literal["on", "dry_run", "off"]:
        if not self.publish:
            return "off"
        return "dry_run" if self.dry_run else "on"

    @property
    def quiet(self) -> QuietHours | None:
        return QuietHours.of(self.quiet_hours, self.quiet_zone) if self.quiet_hours else None

    @property
    def undo(self) -> timedelta:
        return timedelta(seconds=self.undo_seconds)

    @property
    def composing(self) -> Composing:
        return Composing(
            template=self.template,
            blocked_words=list(self.blocked_words),
            likeness=self.likeness,
            likeness_posts=self.likeness_posts,
        )

    @property
    def policy(self) -> Policy:
        return Policy(
            pace=Pace(
                interval=timedelta(seconds=self.min_interval),
                most_a_day=self.most_a_day,
                jitter=self.jitter,
                quiet=self.quiet,
            ),
            template=self.template,
            blocked=BlockedWords.of(self.blocked_words),
            likeness=(
                Likeness(self.likeness, self.likeness_posts) if self.likeness_posts else None
            ),
        )
