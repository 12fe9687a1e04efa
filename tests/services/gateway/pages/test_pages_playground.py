"""The playground without JavaScript, before an inference service that does as it is told."""

import json
import re
import shlex
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from tests.services.gateway.pages.scripted_inference import ScriptedInference

Fixture = Any  # the builders of conftest.py, which is no module to import from
GENERATE, INTERPOLATE = "/v1/generate", "/v1/interpolate"


def address(**query: object) -> str:
    return f"/playground?{urlencode({name: str(value) for name, value in query.items()})}"


def query(response: httpx.Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(response.url)).query))


def seen(page: Fixture) -> str:
    return " ".join(page.text.split())


@pytest.fixture
def inference() -> ScriptedInference:
    return ScriptedInference()


@pytest.fixture
async def app(make_app: Fixture, inference: ScriptedInference) -> AsyncIterator[FastAPI]:
    """A gateway whose catalogues do not answer."""
    app = make_app()
    async with app.router.lifespan_context(app):
        app.state.inference = inference.client()
        yield app


@pytest.fixture
async def with_songs(
    make_app: Fixture, sandbox: Fixture, inference: ScriptedInference
) -> AsyncIterator[FastAPI]:
    """A gateway before the sandbox's catalogues."""
    app = make_app(base=sandbox.base)
    async with app.router.lifespan_context(app):
        app.state.inference = inference.client()
        yield app


async def test_the_bare_page_has_a_form_and_genres_and_asks_for_nothing(
    browser: Fixture, inference: ScriptedInference
) -> None:
    page = await browser.read("/playground")
    (form,) = [form for form in page.forms if form.action == "/playground"]
    assert {"title", "artist", "genres", "n", "seed", "strength", "temperature"} <= set(form.fields)
    assert (form.fields["strength"], form.fields["temperature"]) == ("1", "0.5")
    assert "shoegaze" in page.text
    assert inference.asked == []


async def test_the_desk_links_to_it(browser: Fixture) -> None:
    page = await browser.read("/curate")
    assert ("href", "/playground") in page.attributes


async def test_a_sentence_stands_beside_what_the_plain_vae_said(browser: Fixture) -> None:
    text = seen(await browser.read(address(genres="dream pop", seed=7)))
    for said in ("Sentence 1 of seed 7.", "Twin 1 of seed 7.", "Sentence 3 of seed 7."):
        assert said in text


async def test_what_may_not_be_shown_of_the_plain_vae_is_said_to_be_missing(
    browser: Fixture, inference: ScriptedInference
) -> None:
    inference.twin = None
    assert "not fit to be shown" in seen(await browser.read(address(seed=7)))


async def test_the_mixture_of_topics_is_drawn_and_told(browser: Fixture) -> None:
    page = await browser.read(address(seed=7, n=1))
    told = "Topics: chorus voice verse 62% (plain 20%); bright hook kick 25% (plain 50%);"
    assert told in seen(page)
    assert page.tags.count("svg") == 1
    assert ("width", "124.0") in page.attributes  # 62% of a bar of 200


async def test_without_a_seed_one_is_drawn_into_the_address(browser: Fixture) -> None:
    answer = await browser.get(address(title="", artist="", genres="dream pop"))
    told = query(answer)
    assert set(told) == {"genres", "seed"}
    assert f"of seed {told['seed']}." in answer.text


async def test_the_address_shows_the_same_to_others(
    browser: Fixture, open_browser: Fixture, app: FastAPI
) -> None:
    first = await browser.get(address(genres="dream pop", strength=0.3, n=2))
    again = await open_browser(app).get(str(first.url))
    assert not again.history
    assert results(again) == results(first)


def results(answer: httpx.Response) -> str:
    return answer.text[answer.text.index('<section id="results"') :]


async def test_another_seed_is_another_seed_and_the_rest_stays(browser: Fixture) -> None:
    answer = await browser.get(address(genres="dream pop", seed=10**14, n=2, again=1))
    told = query(answer)
    assert int(told["seed"]) < 100_000
    assert (told["genres"], told["n"]) == ("dream pop", "2")
    assert "again" not in told


async def test_what_was_set_reaches_the_writer(
    browser: Fixture, inference: ScriptedInference
) -> None:
    wish = {"genres": "dream pop, nu dreamy", "artist": "Slowdive", "n": 2, "seed": 9}
    await browser.read(address(**wish, strength=1.7, temperature=0.8))
    assert inference.bodies(GENERATE)[0] | {"top_k": None} == {
        "genres": ["dream pop", "nu dreamy"],
        "num_samples": 2,
        "artist": "Slowdive",
        "title": None,
        "seed": 9,
        "temperature": 0.8,
        "top_k": None,
        "top_p": None,
        "refine": True,
        "strength": 1.7,
        "candidates": None,
        "include_unrefined": True,
        "include_topics": True,
    }


async def test_how_the_genres_were_understood_is_said(browser: Fixture) -> None:
    text = seen(await browser.read(address(genres="nu dreamy, zzz", seed=1)))
    assert "nu dreamy taken for shoegaze" in text
    assert "zzz not known to the writer" in text


async def test_a_song_is_looked_up_and_the_address_keeps_what_was_found(
    with_songs: FastAPI, open_browser: Fixture, inference: ScriptedInference
) -> None:
    answer = await open_browser(with_songs).get(address(title="alison", artist="slowdive"))
    told = query(answer)
    assert (told["title"], told["artist"], told["via"]) == ("Alison", "Slowdive", "musicbrainz")
    assert "Genres from MusicBrainz." in answer.text
    assert "shoegaze" in inference.bodies(GENERATE)[0]["genres"]
    with_songs.state.adapters.songs = None  # nobody needs them any more
    again = await open_browser(with_songs).get(str(answer.url))
    assert results(again) == results(answer)


async def test_another_title_is_looked_up_anew_and_an_unknown_song_says_so(
    with_songs: FastAPI, open_browser: Fixture, inference: ScriptedInference
) -> None:
    browser = open_browser(with_songs)
    first = query(await browser.get(address(title="alison", artist="slowdive")))
    answer = await browser.get(address(**first | {"title": "Qqxyzzy Nonesuch"}))
    assert answer.status_code == 200
    assert "No catalogue has this song" in answer.text
    assert inference.bodies(GENERATE)[-1]["genres"] == []
    assert query(answer)["via"] == "no song"


async def test_genres_that_are_given_need_no_look_up(
    browser: Fixture, inference: ScriptedInference
) -> None:
    page = await browser.read(address(title="Alison", genres="pop", seed=1))
    assert "Genres as you gave them." in seen(page)
    assert inference.bodies(GENERATE)[0]["title"] == "Alison"


async def test_silent_catalogues_are_said_and_it_is_written_all_the_same(browser: Fixture) -> None:
    answer = await browser.get(address(title="Alison", seed=1))
    assert answer.status_code == 200
    assert "The catalogues could not be asked" in answer.text
    assert "Sentence 1 of seed 1." in answer.text


async def test_a_gateway_without_catalogues_names_what_to_set(
    app: FastAPI, browser: Fixture
) -> None:
    app.state.adapters.songs = None
    app.state.adapters.missing["catalogues"] = "Set SPOTIFY_CLIENT_ID."
    text = seen(await browser.read(address(title="Alison", seed=1)))
    assert "Set SPOTIFY_CLIENT_ID." in text
    assert "Sentence 1 of seed 1." in text


async def test_a_link_from_elsewhere_asks_no_catalogue(
    with_songs: FastAPI, open_browser: Fixture
) -> None:
    browser = open_browser(with_songs)
    browser.http.headers["Sec-Fetch-Site"] = "cross-site"
    answer = await browser.get(address(title="alison", artist="slowdive", seed=1))
    assert "A link from another site does not ask the catalogues." in answer.text


async def test_the_walk_leads_between_the_best_two_sentences(
    browser: Fixture, inference: ScriptedInference
) -> None:
    page = await browser.read(address(seed=4, steps=5, at=3, genres="pop"))
    (body,) = inference.bodies(INTERPOLATE)
    assert body == {
        "start": "Sentence 1 of seed 4.",
        "end": "Sentence 2 of seed 4.",
        "steps": 5,
        "genres": ["pop"],
    }
    assert "Step 1. Step 2. Step 3. Step 4. Step 5." in seen(page)
    assert ("aria-current", "step") in page.attributes


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ({"start": "Mine."}, "Mine.", "Sentence 1 of seed 4."),
        ({"end": "Mine."}, "Sentence 1 of seed 4.", "Mine."),
        ({"start": "Mine.", "end": "Yours."}, "Mine.", "Yours."),
        ({"start": "Sentence 1 of seed 4."}, "Sentence 1 of seed 4.", "Sentence 2 of seed 4."),
    ],
)
async def test_the_walk_leads_between_the_visitors_own_sentences(
    browser: Fixture,
    inference: ScriptedInference,
    given: dict[str, str],
    start: str,
    end: str,
) -> None:
    await browser.read(address(seed=4, **given))
    (body,) = inference.bodies(INTERPOLATE)
    assert (body["start"], body["end"]) == (start, end)


async def test_one_sentence_alone_leads_nowhere(
    browser: Fixture, inference: ScriptedInference
) -> None:
    page = await browser.read(address(seed=4, n=1))
    assert inference.bodies(INTERPOLATE) == []
    assert "From one sentence to another" not in page.text


async def test_a_walk_that_is_refused_leaves_the_sentences_standing(
    browser: Fixture, inference: ScriptedInference
) -> None:
    inference.refuse(INTERPOLATE, 400, "a sentence has 200 pieces; shorten it")
    text = seen(await browser.read(address(seed=4)))
    assert "a sentence has 200 pieces; shorten it" in text
    assert "Sentence 1 of seed 4." in text


async def test_no_sentence_at_all_is_said(browser: Fixture, inference: ScriptedInference) -> None:
    usual = inference.generate
    inference.answers[GENERATE] = lambda request: httpx.Response(
        200, json=usual(request) | {"samples": []}
    )
    assert "No draft was fit to be shown." in (await browser.read(address(seed=4))).text


def commands(page: Fixture) -> list[list[str]]:
    """The commands on a page as a shell takes them apart."""
    found = re.findall(r"curl -s (?:.*\\\n)+.*", page.text)
    return [shlex.split(command) for command in found]


@pytest.mark.parametrize("title", ["Alison", 'It\'s a "$HOME" `id` \\ <b>\u202e猫'])
async def test_the_command_asks_for_what_was_asked(
    browser: Fixture, inference: ScriptedInference, title: str
) -> None:
    page = await browser.read(address(title=title, genres="pop", seed=4))
    generate, interpolate = commands(page)
    assert generate[:3] == ["curl", "-s", f"http://127.0.0.1:8001{GENERATE}"]
    assert json.loads(generate[-1]).items() <= inference.bodies(GENERATE)[0].items()
    assert json.loads(generate[-1])["title"] == title
    assert json.loads(interpolate[-1]) == inference.bodies(INTERPOLATE)[0]
    assert not any("Authorization" in word for word in generate)


async def test_the_command_names_the_keys_variable_and_never_the_key(
    make_app: Fixture, open_browser: Fixture, inference: ScriptedInference
) -> None:
    app = make_app(
        inference_key="correct-horse", inference_public_url="https://writer.example.org/"
    )
    async with app.router.lifespan_context(app):
        app.state.inference = inference.client()
        page = await open_browser(app).read(address(seed=4))
    assert f"curl -s https://writer.example.org{GENERATE}" in page.text
    assert '-H "Authorization: Bearer $INFERENCE_KEY"' in page.text
    assert "correct-horse" not in page.text


async def test_the_gateways_own_client_brings_its_key_and_waits_for_nobody_twice(
    make_app: Fixture,
) -> None:
    app = make_app(inference_key="correct-horse", inference_url="http://writer:1")
    async with app.router.lifespan_context(app):
        client = app.state.inference
        assert client.http.headers["Authorization"] == "Bearer correct-horse"
        assert (str(client.http.base_url), client.attempts) == ("http://writer:1", 1)


def unreachable(_: httpx.Request) -> httpx.Response:
    message = "refused"
    raise httpx.ConnectError(message)


@pytest.mark.parametrize(
    ("answered", "status", "says"),
    [
        ((429, "full", {"Retry-After": "12"}), 429, "more to do than it can. Ask again in 12 s"),
        ((503, "loading: ask again", {"Retry-After": "5"}), 503, "not ready: loading: ask again"),
        ((503, "no bundle", {}), 503, "not ready: no bundle"),
        ((401, "who are you", {}), 502, "Set INFERENCE_KEY"),
        ((400, "that cannot be", {}), 422, "that cannot be"),
        ((500, "a defect", {}), 502, "log says why"),
        (None, 502, "Is it running"),
    ],
)
async def test_a_writer_in_trouble_is_said_and_what_was_typed_is_kept(
    browser: Fixture,
    inference: ScriptedInference,
    answered: tuple[int, str, dict[str, str]] | None,
    status: int,
    says: str,
) -> None:
    if answered is None:
        inference.answers[GENERATE] = unreachable
    else:
        given, detail, headers = answered
        inference.refuse(GENERATE, given, detail, **headers)
    answer = await browser.get(address(genres="pop, zzz", start="Mine.", seed=4))
    assert answer.status_code == status
    assert says in " ".join(answer.text.split())
    assert 'value="pop, zzz"' in answer.text
    assert "Mine.</textarea>" in answer.text
    wait = answered[2].get("Retry-After") if answered else None
    assert answer.headers.get("Retry-After") == wait


async def test_the_bare_page_says_it_too(browser: Fixture, inference: ScriptedInference) -> None:
    inference.answers["/v1/topics"] = unreachable
    answer = await browser.get("/playground")
    assert answer.status_code == 502
    assert 'name="genres"' in answer.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"seed": "abc"}, "A whole number"),
        ({"seed": "-1"}, "A whole number"),
        ({"n": "11"}, "From 1 to 10 sentences."),
        ({"strength": "2.5"}, "from 0 to 2."),
        ({"temperature": "nan"}, "above 0, up to 2."),
        ({"genres": "x" * 101}, "up to 100 characters"),
        ({"title": "x" * 301}, "at most 300 characters"),
        ({"start": "x" * 501}, "at most 500 characters"),
        ({"steps": "99"}, "From 3 to 15 steps."),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_lost(
    browser: Fixture, inference: ScriptedInference, wrong: dict[str, str], says: str
) -> None:
    answer = await browser.get(address(**{"artist": "Grimes & co", "seed": "4"} | wrong))
    assert answer.status_code == 422
    assert says in answer.text
    (name, typed), *_ = wrong.items()
    assert re.search(rf'<p class="fault" id="fault-{name}" data-fault="{name}" >', answer.text)
    assert 'value="Grimes &amp; co"' in answer.text
    assert typed in answer.text
    assert inference.asked == []


async def test_what_the_page_wrote_itself_may_come_back_wrong(
    browser: Fixture, inference: ScriptedInference
) -> None:
    answer = await browser.get(address(seed=4, via="myspace", at="x", found="y", of="z"))
    assert answer.status_code == 200
    assert query(answer) == {"seed": "4"}
    assert inference.bodies(GENERATE)[0]["genres"] == []


async def test_hostile_text_is_text(browser: Fixture, inference: ScriptedInference) -> None:
    hostile = '"><script>alert(1)</script>'
    inference.texts, inference.twin = [hostile], hostile
    page = await browser.read(
        address(title=hostile, artist=hostile, genres=f"{hostile}, pop", start=hostile, seed=1)
    )
    assert page.tags.count("script") == 1  # the page's own
    assert hostile in page.text


async def test_nothing_is_inline_and_every_control_has_a_label(browser: Fixture) -> None:
    page = await browser.read(address(genres="pop", seed=1))
    assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on")]
    assert "style" not in page.tags
    labelled = {value for name, value in page.attributes if name == "for"}
    controls = {"title", "artist", "genres", "strength", "temperature", "n", "seed"}
    assert controls | {"start", "end", "steps", "drag"} <= labelled


async def test_genres_are_suggested_those_that_begin_so_first(browser: Fixture) -> None:
    answer = await browser.get("/playground/genres?q=pop")
    assert answer.json() == {"genres": ["pop", "ambient pop", "dream pop"], "nearest": None}


async def test_a_name_that_is_no_label_is_suggested_what_is_near_it(browser: Fixture) -> None:
    answer = await browser.get("/playground/genres?q=nu%20gaze")
    assert answer.json() == {"genres": [], "nearest": "shoegaze"}


async def test_suggestions_say_when_there_is_no_writer(
    browser: Fixture, inference: ScriptedInference
) -> None:
    inference.refuse("/v1/genres", 503, "loading")
    answer = await browser.get("/playground/genres?q=pop")
    assert answer.status_code == 503
    assert "loading" in answer.json()["detail"]


@pytest.mark.parametrize("path", [address(genres="pop", seed=1), "/playground/genres?q=pop"])
async def test_where_keys_are_set_a_visitor_logs_in_first(
    make_app: Fixture, open_browser: Fixture, inference: ScriptedInference, path: str
) -> None:
    app = make_app(api_keys="correct-horse")
    async with app.router.lifespan_context(app):
        app.state.inference = inference.client()
        answer = await open_browser(app).get(path)
    assert answer.url.path == "/login"
    assert answer.url.params["next"] == path
    assert inference.asked == []
