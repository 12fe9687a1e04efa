"""What the sandbox can be told (`SANDBOX_*`)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.common.settings import PORT, ServiceSettings


class SandboxSettings(ServiceSettings):
    """Where the sandbox listens, what arrives on its timeline, and how strict its vendors are."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_")

    port: int = Field(8090, ge=0, le=65535, description=PORT)
    state: Path | None = Field(
        None,
        description="SQLite file that outlives the process; without one, nothing is remembered.",
    )
    seed: int = Field(7, description="Orders the built-in feed; the same seed, the same order.")

    desk_url: str | None = Field(
        None, description="Where people see the gateway's pages; the timeline links back to them."
    )
    feed: Path | None = Field(
        None,
        description="JSON Lines file of posts (`text`) to replay once, not the built-in feed.",
    )
    feed_burst: int = Field(
        12, ge=0, le=1_000_000, description="Posts that are on the timeline from the first moment."
    )
    feed_interval: float = Field(
        4.0, gt=0, le=1_000_000_000, description="Seconds from one arriving post to the next."
    )
    catalogue: Path | None = Field(
        None, description="CSV (title,artist,genres) of songs that the catalogue knows besides."
    )

    bot_id: str = Field(
        "1000",
        description="The bot's user id; on X that of app-only callers, as others bring theirs.",
    )
    bot_name: str = Field("deephypebot", description="The bot's display name.")
    bot_username: str = Field("deephypebot", description="The bot's handle.")
    x_limits: bool = Field(True, description="Count X's rate limits per 15 minutes.")
    x_depth: int = Field(
        3200, ge=1, le=1_000_000, description="How many posts back X shows its home timeline."
    )
    x_vocabulary: Literal["both", "tweet", "post"] = Field(
        "both",
        description="Query vocabulary X accepts: `tweet.fields`, `post.fields` (2026), or both.",
    )
    mastodon_limits: bool = Field(True, description="Count Mastodon's rate limits.")
    mastodon_longest: int = Field(
        500,
        ge=1,
        le=1_000_000,
        description="Longest status that the Mastodon instance takes, characters.",
    )
    bluesky_password: SecretStr | None = Field(
        None, description="The only app password Bluesky accepts; without one, any."
    )
    bluesky_token_seconds: int = Field(
        7200, gt=0, le=31_536_000, description="Lifetime of a Bluesky access token."
    )
    bluesky_limits: bool = Field(
        True, description="Count Bluesky's rate limits per 5 minutes, of requests and of logins."
    )
    spotify_client_secret: SecretStr | None = Field(
        None, description="The only client secret Spotify accepts; without one, any."
    )
    spotify_extended: bool = Field(
        False, description="Answer artists with genres, as to apps in Extended Quota Mode."
    )
    spotify_token_seconds: int = Field(
        3600, gt=0, le=31_536_000, description="Lifetime of a Spotify token."
    )
    musicbrainz_per_second: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Requests a second MusicBrainz allows one client; 0 for no limit.",
    )
    lastfm_api_key: SecretStr | None = Field(
        None, description="The only API key Last.fm accepts; without one, any."
    )
    lastfm_per_second: float = Field(
        5.0,
        ge=0,
        le=1000,
        description="Requests a second Last.fm allows one address; 0 for no limit.",
    )
    google_per_minute: int = Field(
        60,
        ge=0,
        le=1_000_000,
        description="Reads, and writes, a minute that Sheets allows; 0 for no limit.",
    )
    spreadsheet_id: str = Field(
        "sandbox-spreadsheet", description="The spreadsheet that exists from the start."
    )
    private_spreadsheet_id: str = Field(
        "private-spreadsheet", description="A spreadsheet that exists and is open to nobody."
    )
