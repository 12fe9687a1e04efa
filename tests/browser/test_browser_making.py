"""Other drafts and own words in a real browser, before a writer that answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import needs_axe, violations

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]


class Writer(ThreadingHTTPServer):
    """Writes what it is asked for, as often as `may_answer` lets it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[dict[str, Any]] = []
        self.may_answer = threading.Event()
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Writer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.may_answer.wait(20)
        status = self.server.status
        problem = {"type": "about:blank", "status": status, "detail": "no"}
        body = json.dumps(answer_to(asked) if status == 200 else problem).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def answer_to(asked: dict[str, Any]) -> dict[str, Any]:
    seed = asked["seed"]
    sample = {"score": 4.5, "log_prob": -1.0, "topic": 0.6, "novelty": 0.7, "latent": [0.1]}
    return {
        "model": {"name": "told", "revision": "r1"},
        "genres": {"known": asked["genres"], "mapped": {}, "unknown": []},
        "seed": seed,
        "samples": [
            {"text": f"Other {number} of seed {seed}.", **sample}
            for number in range(1, asked["num_samples"] + 1)
        ],
    }


@pytest.fixture(scope="module")
def module_writer() -> Iterator[Writer]:
    with Writer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()


@pytest.fixture
def writer(module_writer: Writer) -> Writer:
    module_writer.asked.clear()
    module_writer.status = 200
    module_writer.may_answer.set()
    return module_writer


@pytest.fixture(scope="module")
def inference_url(
    chromium: Browser,  # noqa: ARG001 - where there is none, no process is started
    module_writer: Writer,
) -> str:
    return module_writer.url


@pytest.fixture
def desk(gateway: Gateway, open_page: OpenPage, writer: Writer) -> Page:  # noqa: ARG001 - it is set up first
    gateway.lay(1, 2)
    return open_page(viewport={"width": 1280, "height": 860})


def drafts(page: Page) -> Any:  # noqa: ANN401 - a locator
    return page.locator("ol.drafts > .draft")


def test_a_key_asks_for_others_and_leads_to_the_first_of_them(desk: Page, writer: Writer) -> None:
    desk.keyboard.press("g")
    expect(drafts(desk)).to_have_count(8)
    expect(drafts(desk).nth(3)).to_be_focused()
    expect(desk.locator(".fresh")).to_have_count(5)
    expect(drafts(desk).first).to_have_attribute("aria-label", "Draft 1 of 8")
    expect(drafts(desk).nth(7)).to_have_attribute("aria-label", "Draft 8 of 8, new")
    expect(desk.locator("#live")).to_contain_text("The writer wrote others")
    desk.keyboard.press("g")
    expect(drafts(desk)).to_have_count(13)
    expect(desk.locator(".fresh")).to_have_count(5)
    assert len({asked["seed"] for asked in writer.asked}) == 2


def test_what_came_is_approved_with_the_keys(gateway: Gateway, desk: Page) -> None:
    desk.keyboard.press("g")
    expect(drafts(desk).nth(3)).to_be_focused()
    desk.keyboard.press("j")
    desk.keyboard.press("a")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Song 1")
    expect(desk.locator("#undo")).to_be_visible()
    assert [each["draft_id"] for each in gateway.decisions()] == ["x:2:66"]


def test_who_types_while_the_writer_writes_is_not_disturbed(desk: Page, writer: Writer) -> None:
    writer.may_answer.clear()
    desk.keyboard.press("g")
    expect(desk.locator("#others")).to_have_attribute("aria-busy", "true")
    expect(desk.locator("#others-said")).to_have_text("The writer is writing.")
    desk.keyboard.press("g")
    desk.keyboard.press("e")
    desk.keyboard.type(" And more")
    writer.may_answer.set()
    expect(drafts(desk)).to_have_count(8)
    expect(desk.locator("#words-1")).to_be_focused()
    desk.keyboard.type(", still")
    expect(desk.locator("#words-1")).to_have_value("sentence 1 about song 2. And more, still")
    assert len(writer.asked) == 1


def test_who_goes_on_meanwhile_is_not_called_back(desk: Page, writer: Writer) -> None:
    writer.may_answer.clear()
    desk.keyboard.press("g")
    expect(desk.locator("#others-said")).to_have_text("The writer is writing.")
    desk.keyboard.press("n")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Song 1")
    with desk.expect_response("**/curate?item=x*said=others*"):
        writer.may_answer.set()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Song 1")
    expect(drafts(desk)).to_have_count(3)


def test_a_writer_that_is_out_is_told_below_the_drafts(
    desk: Page, writer: Writer, complaints: list[str]
) -> None:
    writer.status = 500
    desk.get_by_role("button", name="Write others").click()
    expect(desk.locator("#others-said")).to_contain_text("The writer failed")
    expect(desk.get_by_role("button", name="Write others")).to_be_focused()
    expect(drafts(desk)).to_have_count(3)
    complaints.clear()


def test_the_sliders_stay_from_post_to_post(desk: Page, writer: Writer) -> None:
    desk.get_by_label("LC-GAN strength").fill("1.8")
    expect(desk.locator("output[for=strength]")).to_have_text("1.8")
    desk.locator("main").focus()
    desk.keyboard.press("n")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Song 1")
    expect(desk.get_by_label("LC-GAN strength")).to_have_value("1.8")
    desk.keyboard.press("g")
    expect(drafts(desk)).to_have_count(8)
    assert [asked["strength"] for asked in writer.asked] == [1.8]


def test_own_words_are_written_by_a_key_kept_and_approved(gateway: Gateway, desk: Page) -> None:
    desk.keyboard.press("o")
    expect(desk.get_by_label("Your own words", exact=True).last).to_be_focused()
    desk.keyboard.type("Mine, & <b>nobody's</b>")
    expect(desk.locator("#own [data-counted]")).to_contain_text("23")
    desk.reload()
    expect(desk.locator("#words-own")).to_have_value("Mine, & <b>nobody's</b>")
    desk.keyboard.press("o")
    desk.keyboard.press("Control+Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Song 1")
    expect(desk.locator("#undo")).to_be_visible()
    expect(desk.locator("#words-own")).to_have_value("")
    (decision,) = gateway.decisions()
    assert (decision["text"], decision["made"]["made_by"]) == ("Mine, & <b>nobody's</b>", "curator")


def test_it_works_without_javascript(gateway: Gateway, open_page: OpenPage, writer: Writer) -> None:
    gateway.lay(1)
    page = open_page(java_script_enabled=False)
    page.get_by_role("button", name="Write others").click()
    expect(drafts(page)).to_have_count(8)
    expect(page.locator(".fresh")).to_have_count(5)
    page.locator("#words-own").fill("Mine")
    page.locator("#own .approve").click()
    assert gateway.decisions()[0]["text"] == "Mine"
    assert len(writer.asked) == 1


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_against_others(
    gateway: Gateway, open_page: OpenPage, writer: Writer, scheme: str
) -> None:
    gateway.lay(1)
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    page.locator("summary", has_text="numbers").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Write others").click()
    expect(drafts(page)).to_have_count(8)
    assert violations(page) == []
    assert writer.asked
