"""Chooses the adapters that the settings name; what an adapter lacks is said, not raised."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy import Engine

from services.common.settings import SettingsError
from services.gateway.breaker import Breaker
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.catalogue import Catalogue
from services.gateway.catalogues.lastfm import LastFm
from services.gateway.catalogues.musicbrainz import MusicBrainz
from services.gateway.catalogues.songs import Songs
from services.gateway.catalogues.spotify import Spotify
from services.gateway.publications import Publications
from services.gateway.settings import GatewaySettings, missing
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.opening import open_google
from services.gateway.sheets.sheet import Desk, Sheet
from services.gateway.spend import Budget, Spend
from services.gateway.timelines.bluesky_session import Login
from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.timeline import Timeline
from services.gateway.timelines.x import LEAST_PAGE_SIZE, XKeys, XTimeline
from services.gateway.timelines.x_prices import POST_READ
from services.gateway.vendor_calls import VendorCalls, VendorMetrics

Close = Callable[[], Awaitable[None] | None]


@dataclass
class Adapters:
    """The world as this gateway sees it; what is None is explained in `missing`."""

    timeline: Timeline | None = None
    publications: Publications | None = None
    sheet: Sheet | None = None
    desk: Desk | None = None
    catalogues: Sequence[Catalogue] = ()
    songs: Songs | None = None
    spend: Spend | None = None  # of the timeline, where it costs money
    breakers: Sequence[Breaker] = ()
    missing: dict[str, str] = field(default_factory=dict)
    closing: list[Close] = field(default_factory=list)

    def miss(self, name: str, reason: str) -> None:
        known = self.missing.get(name)
        self.missing[name] = f"{known} {reason}" if known else reason

    async def close(self) -> None:
        for close in self.closing:
            closed = close()
            if inspect.isawaitable(closed):
                await closed


@dataclass(frozen=True)
class Wiring:
    """Builds `Adapters` from settings."""

    settings: GatewaySettings
    engine: Engine
    metrics: VendorMetrics
    breakers: list[Breaker] = field(default_factory=list)

    def adapters(self) -> Adapters:
        adapters = Adapters(breakers=self.breakers)
        self._add_timeline(adapters)
        self._add_sheet(adapters)
        self._add_catalogues(adapters)
        return adapters

    def _calls(self, vendor: str) -> VendorCalls:
        calls = VendorCalls(vendor, self.settings.upstream_timeout, self.metrics)
        self.breakers.append(calls.breaker)
        return calls

    def _add_timeline(self, adapters: Adapters) -> None:
        builders = {"x": self._x, "mastodon": self._mastodon, "bluesky": self._bluesky}
        timeline = builders[self.settings.timeline](adapters)
        if timeline is None:
            return
        adapters.timeline = timeline
        settle = timedelta(seconds=self.settings.publish_settle_seconds)
        adapters.publications = Publications(self.engine, timeline, settle)

    def _x(self, adapters: Adapters) -> Timeline | None:
        settings = self.settings
        names = ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret")
        if reason := missing(settings, *names):
            adapters.miss("timeline", reason)
            return None
        keys = XKeys(*(_secret(getattr(settings, name)) for name in names))
        if not keys.user_id.isdecimal():
            adapters.miss(
                "timeline",
                "X_ACCESS_TOKEN is no access token of an account: such a one begins with the "
                "account's number and a dash.",
            )
            return None
        budget = Budget(
            settings.x_daily_usd, settings.x_monthly_usd, settings.x_publish_beyond_budget
        )
        if settings.x_is_real and budget.daily is budget.monthly is None:
            adapters.miss(
                "timeline",
                "X costs money: set X_DAILY_USD to the most that it may cost a day, US dollars.",
            )
            return None
        calls = self._calls("x")
        least_reading = LEAST_PAGE_SIZE * POST_READ.micro_usd
        adapters.spend = Spend(self.engine, "x", budget, calls.clock, least_reading)
        self.metrics.watch_spend(adapters.spend)
        timeline = XTimeline(
            keys,
            settings.x_base_url,
            settings.x_post_url,
            calls,
            adapters.spend,
            owns_app=settings.x_owns_app,
        )
        adapters.closing.append(timeline.close)
        return timeline

    def _mastodon(self, adapters: Adapters) -> Timeline | None:
        settings = self.settings
        if reason := missing(settings, "mastodon_base_url", "mastodon_access_token"):
            adapters.miss("timeline", reason)
            return None
        timeline = MastodonTimeline(
            settings.mastodon_base_url or "",
            _secret(settings.mastodon_access_token),
            settings.mastodon_visibility,
            self._calls("mastodon"),
        )
        adapters.closing.append(timeline.close)
        return timeline

    def _bluesky(self, adapters: Adapters) -> Timeline | None:
        # Imported here: only a gateway of Bluesky's shall wait for the SDK to load.
        from services.gateway.timelines.bluesky import BlueskyTimeline  # noqa: PLC0415

        settings = self.settings
        if reason := missing(settings, "bluesky_handle", "bluesky_app_password"):
            adapters.miss("timeline", reason)
            return None
        login = Login(
            settings.bluesky_base_url,
            settings.bluesky_handle or "",
            _secret(settings.bluesky_app_password),
        )
        kept, calls = settings.data_dir / "bluesky.session", self._calls("bluesky")
        timeline = BlueskyTimeline(login, kept, settings.bluesky_post_url, calls)
        adapters.closing.append(timeline.close)
        return timeline

    def _add_sheet(self, adapters: Adapters) -> None:
        settings = self.settings
        if settings.sheet == "local":
            local = LocalSheet(self.engine)
            adapters.sheet, adapters.desk = local, local
            return
        try:
            google = open_google(settings, self._calls("google"))
        except SettingsError as error:
            adapters.miss("sheet", str(error))
            return
        adapters.sheet = google
        adapters.closing.append(google.close)

    def _add_catalogues(self, adapters: Adapters) -> None:
        builders = {
            "spotify": self._spotify,
            "musicbrainz": self._musicbrainz,
            "lastfm": self._lastfm,
        }
        built = [builders[name](adapters) for name in self.settings.catalogues]
        adapters.catalogues = [catalogue for catalogue in built if catalogue is not None]
        if not self.settings.catalogues:
            adapters.miss("catalogues", "CATALOGUES names none.")
        if "catalogues" not in adapters.missing:
            adapters.songs = Songs(adapters.catalogues, Answers(self.engine))

    def _spotify(self, adapters: Adapters) -> Catalogue | None:
        settings = self.settings
        if reason := missing(settings, "spotify_client_id", "spotify_client_secret"):
            adapters.miss("catalogues", f"{reason} Or leave spotify out of CATALOGUES.")
            return None
        spotify = Spotify(
            settings.spotify_client_id or "",
            _secret(settings.spotify_client_secret),
            api_url=settings.spotify_api_url,
            accounts_url=settings.spotify_accounts_url,
            market=settings.spotify_market,
            calls=self._calls("spotify"),
        )
        adapters.closing.append(spotify.close)
        return spotify

    def _musicbrainz(self, adapters: Adapters) -> Catalogue | None:
        settings = self.settings
        if reason := missing(settings, "musicbrainz_contact"):
            adapters.miss("catalogues", f"{reason} Or leave musicbrainz out of CATALOGUES.")
            return None
        musicbrainz = MusicBrainz(
            settings.musicbrainz_url,
            settings.musicbrainz_contact or "",
            settings.musicbrainz_interval,
            self._calls("musicbrainz"),
        )
        adapters.closing.append(musicbrainz.close)
        return musicbrainz

    def _lastfm(self, adapters: Adapters) -> Catalogue | None:
        settings = self.settings
        if reason := missing(settings, "lastfm_api_key"):
            adapters.miss("catalogues", f"{reason} Or leave lastfm out of CATALOGUES.")
            return None
        key = _secret(settings.lastfm_api_key)
        lastfm = LastFm(settings.lastfm_url, key, self._calls("lastfm"))
        adapters.closing.append(lastfm.close)
        return lastfm


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
