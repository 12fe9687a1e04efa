"""Settings that only make sense together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings

MakeSettings = Callable[..., GatewaySettings]


@pytest.mark.parametrize("host", ["https://api.twitter.com", "https://api.x.com/"])
def test_x_itself_has_time_to_show_a_post_before_it_is_sent_again(
    settings: MakeSettings, host: str
) -> None:
    with pytest.raises(ValidationError, match="PUBLISH_SETTLE_SECONDS needs 5 or more"):
        settings(x_base_url=host, publish_settle_seconds=4.9)
    settings(x_base_url=host, publish_settle_seconds=5)


@pytest.mark.parametrize("contact", ["nobody", "@", "example.org", "jürgen@example.org", "a@b\n"])
def test_a_contact_that_leads_to_nobody_is_refused(settings: MakeSettings, contact: str) -> None:
    with pytest.raises(ValidationError, match="wants a mail address or a page"):
        settings(musicbrainz_contact=contact)


@pytest.mark.parametrize(
    "contact", [None, "ada@example.org", "https://example.org/bot", "Ada <ada@example.org>"]
)
def test_a_contact_is_a_mail_address_or_a_page(settings: MakeSettings, contact: str | None) -> None:
    assert settings(musicbrainz_contact=contact).musicbrainz_contact == contact


@pytest.mark.parametrize("timeline", ["mastodon", "bluesky"])
def test_where_nothing_lags_a_post_may_be_sent_again_at_once(
    settings: MakeSettings, timeline: str
) -> None:
    host = "https://api.twitter.com"
    settings(timeline=timeline, x_base_url=host, publish_settle_seconds=0)


def test_what_stands_in_for_x_may_settle_at_once(settings: MakeSettings) -> None:
    settings(x_base_url="http://127.0.0.1:8090/x", publish_settle_seconds=0)


@pytest.mark.parametrize("host", ["https://api.twitter.com/", "https://api.x.com"])
async def test_x_itself_is_not_asked_without_a_budget(
    settings: MakeSettings, open_app: Callable[[FastAPI], Any], host: str
) -> None:
    app = create_app(settings(x_base_url=host, publish_settle_seconds=5))
    async with open_app(app) as client:
        missing = (await client.get("/readyz")).json()["missing"]
    assert "X_DAILY_USD" in missing["timeline"]
