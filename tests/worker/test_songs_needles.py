"""A search for many words finds each of them, wherever it stands, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.songs.cues import LEADS, Lead, leads_in, may_lead
from worker.songs.needles import searcher

NEEDLES = ("np", "listen", "now spin", "#np", "on repeat", ".", "\u266b", "a", "  ")


@pytest.mark.parametrize("needle", NEEDLES)
@pytest.mark.parametrize("text", ["{}", "x{}", "{}x", "xx {} xx", "{}{}"])
def test_finds_a_needle(needle: str, text: str) -> None:
    search = searcher(("never there", needle))
    assert search(text.format(needle, needle))


@settings(max_examples=300, deadline=None)
@given(
    needles=st.lists(st.text("abpx #.\u266b", min_size=1, max_size=4), min_size=1, max_size=6),
    text=st.text("abpx #.\u266b", max_size=30),
)
def test_finds_what_is_there_and_nothing_else(needles: list[str], text: str) -> None:
    assert (searcher(needles)(text) is not None) == any(needle in text for needle in needles)


@pytest.mark.parametrize("lead", LEADS, ids=lambda lead: lead.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_lead_is_hinted_at_whenever_it_stands_in_a_post(lead: Lead, data: st.DataObject) -> None:
    said = data.draw(st.from_regex(lead.expression, fullmatch=True)).lower()
    if lead.expression.search(said):
        assert may_lead(said)
        assert lead.weight in [found.weight for found in leads_in(said)]
