"""MusicBrainz through the real client: its faults, its pace, its shapes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from services.gateway.catalogues.catalogue import Artist
from services.gateway.catalogues.musicbrainz import MusicBrainz
from services.gateway.vendor_calls import VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CircuitOpenError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    VendorError,
)
from tests.services.gateway.catalogues_at import musicbrainz_at

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox


MUSICBRAINZ_FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 503}, BusyVendorError),
    ({"fault": "status", "status": 400}, RefusedByVendorError),
    ({"fault": "html", "status": 500, "times": 2}, FailedVendorError),
    ({"fault": "half", "times": 2}, FailedVendorError),
    ({"fault": "reset", "times": 2}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
    ({"fault": "drip", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), MUSICBRAINZ_FAULTS)
async def test_every_musicbrainz_fault_is_a_typed_error(
    sandbox: Sandbox, metrics: VendorMetrics, fault: dict[str, object], error: type[VendorError]
) -> None:
    sandbox.plan("musicbrainz", **fault)  # type: ignore[arg-type]  # a fault as JSON
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        with pytest.raises(error):
            await musicbrainz.genres(Artist("M83"))


async def test_an_artist_without_a_link_is_searched_by_name(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        by_name = await musicbrainz.genres(Artist("M83", {"spotify": "unknown"}))
        nobody = await musicbrainz.genres(Artist("Nobody Of That Name"))
    assert by_name
    assert nobody == []


async def test_musicbrainz_is_asked_at_its_pace(sandbox: Sandbox, metrics: VendorMetrics) -> None:
    async with musicbrainz_at(sandbox.base, metrics, interval=0.1) as musicbrainz:
        started = time.monotonic()
        await asyncio.gather(*(musicbrainz.tracks(f"song {n}", None) for n in range(6)))
        assert time.monotonic() - started >= 0.5


async def bring_down(musicbrainz: MusicBrainz) -> None:
    """Five lost answers in a row, after which it is left alone."""
    for number in range(3):
        with pytest.raises(VendorError):
            await musicbrainz.tracks(f"lost {number}", None)


async def test_all_are_told_at_once_that_a_catalogue_is_left_alone(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    sandbox.plan("musicbrainz", "status", status=500, times=100)
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        await bring_down(musicbrainz)
        musicbrainz.api.pace.interval = 2.0
        musicbrainz.api.pace.pause(2.0)
        started = time.monotonic()
        told = await asyncio.gather(
            *(musicbrainz.tracks(f"song {n}", None) for n in range(8)), return_exceptions=True
        )
        assert time.monotonic() - started < 1.0
    assert {type(each) for each in told} == {CircuitOpenError}


async def test_an_answer_in_no_known_shape_is_a_failure_of_the_vendor(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    """It counts for the circuit, and is asked for again."""
    sandbox.plan("musicbrainz", "status", status=200, body='{"artists": 3}', times=1)
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        assert await musicbrainz.genres(Artist("M83"))
        sandbox.plan("musicbrainz", "status", status=200, body='{"artists": 3}', times=4)
        for _ in range(2):
            with pytest.raises(FailedVendorError, match="cannot be read"):
                await musicbrainz.genres(Artist("M83"))
        assert musicbrainz.api.calls.breaker.failures == 4


async def test_a_bug_of_ours_is_not_taken_for_the_vendors(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with musicbrainz_at(sandbox.base, metrics) as musicbrainz:
        with pytest.raises(AttributeError):
            await musicbrainz.genres(Artist(None))  # type: ignore[arg-type]  # the bug


async def test_a_queue_that_is_too_long_says_when_to_come_back(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    async with musicbrainz_at(sandbox.base, metrics, interval=30.0) as musicbrainz:
        await musicbrainz.tracks("one", None)
        with pytest.raises(BusyVendorError, match="waiting") as raised:
            await musicbrainz.tracks("two", None)
    assert 25 <= float(raised.value.headers["Retry-After"]) <= 31
