"""What the gateway can be told (`GATEWAY_*`, and the bare names of the adapters it chooses)."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.common.settings import PORT, HeaderKey, ServiceSettings, environment_name
from services.gateway.people import Person, people_from, refuse_twins

TimelineName = Literal["x", "mastodon", "bluesky"]
CatalogueName = Literal["spotify", "musicbrainz", "lastfm"]

X_HOSTS = ("api.twitter.com", "api.x.com")
CONTACT = re.compile(r"[^\s@]+@[^\s@]+|https?://\S+")
# X's own timeline may lag: a post that it does not show yet would be sent a second time.
LEAST_X_SETTLE_SECONDS = 5.0


class GatewaySettings(ServiceSettings):
    """Which adapters stand between the bot and the world, and what each needs.

    A missing credential is no error here: `/readyz` names it, and so do the routes that need it.
    """

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    port: int = Field(8000, ge=0, le=65535, description=PORT)
    max_body_bytes: int = Field(
        16_777_216,
        ge=1024,
        le=268_435_456,
        description="Largest request body, bytes; a batch of drafts is one.",
    )

    timeline: TimelineName = Field(
        "x",
        validation_alias="TIMELINE",
        description="Where posts are read and published: x, mastodon or bluesky.",
    )
    sheet: Literal["local", "google"] = Field(
        "local",
        validation_alias="SHEET",
        description="Where curators decide: `local` (the page /curate) or `google`.",
    )
    catalogues: Annotated[tuple[CatalogueName, ...], NoDecode] = Field(
        ("spotify", "musicbrainz"),
        validation_alias="CATALOGUES",
        description="Catalogues in the order they are asked, comma-separated.",
    )
    data_dir: Path = Field(
        Path("data"), validation_alias="DATA_DIR", description="Folder of the SQLite files."
    )
    database_url: str | None = Field(
        None,
        description="The gateway's own database (sqlite:///... or postgresql+psycopg://...); "
        "without one, DATABASE_URL, else a SQLite file in DATA_DIR.",
    )
    shared_database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL database that services share, each in a schema of its own.",
    )
    sandbox_url: str | None = Field(
        None, description="Where the sandbox stands in for the world; the pages link to it."
    )
    inference_url: str = Field(
        "http://127.0.0.1:8001",
        validation_alias="INFERENCE_URL",
        description="The inference service.",
    )
    inference_key: HeaderKey | None = Field(
        None,
        validation_alias="INFERENCE_KEY",
        description="Bearer key for the inference service; without one, the first of API_KEYS.",
    )
    inference_timeout: float = Field(
        30.0, gt=0, le=300, description="How long the writer may take for a page, seconds."
    )
    inference_public_url: str | None = Field(
        None,
        description="Where callers reach the inference service, for the commands that /playground "
        "shows; without one, INFERENCE_URL.",
    )
    curator: str = Field(
        "curator",
        validation_alias="CURATOR",
        description="Name under which decisions on the built-in page are kept, for those whose key "
        "gives them none.",
    )
    people: Annotated[tuple[Person, ...], NoDecode] = Field(
        (),
        validation_alias="PEOPLE",
        description="Keys for people, with which they log in to the pages: "
        "`ada:curate+publish:KEY,bob:curate:KEY`. The roles are curate, publish and operate; a "
        "key of API_KEYS has all. They open no REST door.",
    )
    session_hours: float = Field(
        168.0, gt=0, le=8784, description="How long a browser stays logged in to the pages, hours."
    )
    upstream_timeout: float = Field(
        10.0,
        gt=0,
        le=300,
        validation_alias="UPSTREAM_TIMEOUT",
        description="How long a vendor may stay silent, seconds.",
    )
    publish_settle_seconds: float = Field(
        15.0,
        ge=0,
        le=3600,
        validation_alias="PUBLISH_SETTLE_SECONDS",
        description="After an attempt with unknown outcome: how long the post may take to show "
        "on the timeline before it is sent again, seconds; 5 or more on X.",
    )

    x_base_url: str = Field(
        "https://api.twitter.com", validation_alias="X_BASE_URL", description="X's API."
    )
    x_post_url: str = Field(
        "https://x.com/i/status/{id}",
        validation_alias="X_POST_URL",
        description="Where people see a post; {id} is its id.",
    )
    x_consumer_key: SecretStr | None = Field(
        None, validation_alias="X_CONSUMER_KEY", description="X app: API key."
    )
    x_consumer_secret: SecretStr | None = Field(
        None, validation_alias="X_CONSUMER_SECRET", description="X app: API key secret."
    )
    x_access_token: SecretStr | None = Field(
        None,
        validation_alias="X_ACCESS_TOKEN",
        description="X account: access token (the account's number, a dash, letters).",
    )
    x_access_token_secret: SecretStr | None = Field(
        None, validation_alias="X_ACCESS_TOKEN_SECRET", description="X account: token secret."
    )

    x_daily_usd: Decimal | None = Field(
        None,
        gt=0,
        le=1_000_000,
        validation_alias="X_DAILY_USD",
        description="Most that X may cost a day (UTC), US dollars; then reading stops until "
        "the next; a tenth is kept for asking what was deleted. X itself is not asked without "
        "this or X_MONTHLY_USD.",
    )
    x_monthly_usd: Decimal | None = Field(
        None,
        gt=0,
        le=1_000_000,
        validation_alias="X_MONTHLY_USD",
        description="Most that X may cost in a calendar month (UTC), US dollars.",
    )
    x_publish_beyond_budget: bool = Field(
        True,
        validation_alias="X_PUBLISH_BEYOND_BUDGET",
        description="Whether approved drafts are still published when the budget is used up; if "
        "not, a fifth of it is kept for them.",
    )
    x_owns_app: bool = Field(
        False,
        validation_alias="X_OWNS_APP",
        description="Whether the bot's account owns the X app: reading its own posts and mentions "
        "then costs a fifth.",
    )

    mastodon_base_url: str | None = Field(
        None,
        validation_alias="MASTODON_BASE_URL",
        description="The instance that the account is on, such as https://mastodon.social.",
    )
    mastodon_access_token: SecretStr | None = Field(
        None, validation_alias="MASTODON_ACCESS_TOKEN", description="Mastodon: access token."
    )
    mastodon_visibility: Literal["public", "unlisted"] = Field(
        "public",
        validation_alias="MASTODON_VISIBILITY",
        description="Who sees posts where: `unlisted` keeps them off the instance's own timelines.",
    )

    bluesky_base_url: str = Field(
        "https://bsky.social", validation_alias="BLUESKY_BASE_URL", description="Bluesky's server."
    )
    bluesky_post_url: str = Field(
        "https://bsky.app/profile/{author}/post/{id}",
        validation_alias="BLUESKY_POST_URL",
        description="Where people see a post; {author} is its author, {id} its record key.",
    )
    bluesky_handle: str | None = Field(
        None, validation_alias="BLUESKY_HANDLE", description="Bluesky: handle of the account."
    )
    bluesky_app_password: SecretStr | None = Field(
        None, validation_alias="BLUESKY_APP_PASSWORD", description="Bluesky: an app password."
    )

    spotify_api_url: str = Field(
        "https://api.spotify.com", validation_alias="SPOTIFY_API_URL", description="Spotify's API."
    )
    spotify_accounts_url: str = Field(
        "https://accounts.spotify.com",
        validation_alias="SPOTIFY_ACCOUNTS_URL",
        description="Where Spotify gives tokens.",
    )
    spotify_client_id: str | None = Field(
        None, validation_alias="SPOTIFY_CLIENT_ID", description="Spotify app: client id."
    )
    spotify_client_secret: SecretStr | None = Field(
        None, validation_alias="SPOTIFY_CLIENT_SECRET", description="Spotify app: client secret."
    )
    spotify_market: str = Field(
        "US", validation_alias="SPOTIFY_MARKET", description="Country whose catalogue is searched."
    )

    musicbrainz_url: str = Field(
        "https://musicbrainz.org", validation_alias="MUSICBRAINZ_URL", description="MusicBrainz."
    )
    musicbrainz_contact: str | None = Field(
        None,
        validation_alias="MUSICBRAINZ_CONTACT",
        description="Mail address or page (https://...) of the operator; MusicBrainz wants it in "
        "User-Agent.",
    )
    musicbrainz_interval: float = Field(
        1.0,
        ge=0,
        le=3600,
        validation_alias="MUSICBRAINZ_INTERVAL",
        description="Least seconds between two requests; MusicBrainz allows one a second.",
    )

    lastfm_url: str = Field(
        "https://ws.audioscrobbler.com", validation_alias="LASTFM_URL", description="Last.fm's API."
    )
    lastfm_api_key: SecretStr | None = Field(
        None, validation_alias="LASTFM_API_KEY", description="Last.fm: API key."
    )

    google_base_url: str | None = Field(
        None,
        validation_alias="GOOGLE_BASE_URL",
        description="Stands in for Google's API hosts; without one, Google itself.",
    )
    google_service_account_file: Path | None = Field(
        None,
        validation_alias="GOOGLE_SERVICE_ACCOUNT_FILE",
        description="JSON key file of the service account that may edit the spreadsheet.",
    )
    google_sheet_key: str | None = Field(
        None,
        validation_alias="GOOGLE_SHEET_KEY",
        description="The spreadsheet: the long part of its address, after /d/.",
    )
    google_worksheet: str = Field(
        "gens", validation_alias="GOOGLE_WORKSHEET", description="The worksheet within it."
    )

    @field_validator("catalogues", mode="before")
    @classmethod
    def split_catalogues(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("people", mode="before")
    @classmethod
    def split_people(cls, value: object) -> object:
        return people_from(value) if isinstance(value, str) else value

    @field_validator("musicbrainz_contact")
    @classmethod
    def leads_to_somebody(cls, value: str | None) -> str | None:
        if value and not (value.isascii() and value.isprintable() and CONTACT.search(value)):
            message = "MusicBrainz wants a mail address or a page such as https://example.org"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def people_come_beside_api_keys(self) -> Self:
        if self.people and not self.api_keys:
            message = "PEOPLE needs API_KEYS too: without those the REST API is open to anyone"
            raise ValueError(message)
        refuse_twins([*set(self.api_keys), *(person.key for person in self.people)])
        return self

    @model_validator(mode="after")
    def post_url_takes_an_id(self) -> Self:
        if "{id}" not in self.x_post_url:
            message = "X_POST_URL needs {id} where the post's id goes"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def x_has_time_to_settle(self) -> Self:
        short = self.publish_settle_seconds < LEAST_X_SETTLE_SECONDS
        if self.timeline == "x" and self.x_is_real and short:
            message = (
                f"PUBLISH_SETTLE_SECONDS needs {LEAST_X_SETTLE_SECONDS:g} or more on X, whose "
                "timeline lags: a post could go out twice"
            )
            raise ValueError(message)
        return self

    @property
    def x_is_real(self) -> bool:
        """Whether X itself is asked, where every call costs money."""
        return urlsplit(self.x_base_url).hostname in X_HOSTS

    @property
    def database(self) -> str:
        given = self.database_url or self.shared_database_url
        return given or f"sqlite:///{self.data_dir / 'gateway.sqlite3'}"


def missing(settings: GatewaySettings, *names: str) -> str | None:
    """A sentence that names the settings that are not set, or None."""
    unset = [
        environment_name(GatewaySettings, name, GatewaySettings.model_fields[name])
        for name in names
        if not getattr(settings, name)
    ]
    return f"Set {', '.join(unset)}." if unset else None
