"""The playground in a real browser, before the writer that ships in a process of its own."""

import json
import re
import shlex
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.axe import needs_axe, violations
from tests.browser.contrast import LOW_CONTRAST
from tests.services.inference.processes import running, wait_for

# The first test waits for the writer's weights.
pytestmark = [pytest.mark.browser, pytest.mark.processes]

OpenPage = Callable[..., Page]
# Few drafts, so that an answer takes no longer than it must.
SHORT = "/playground?genres=folk&n=2&seed=7&steps=5"


@pytest.fixture(scope="module")
def inference_url(
    chromium: Browser,  # noqa: ARG001 - where there is none, no process is started
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    log = tmp_path_factory.mktemp("inference") / "inference.log"
    with running(log, INFERENCE_DEVICE="cpu") as (client, _):
        wait_for(client, "/readyz", '"ready"', log)
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/playground", viewport={"width": 1280, "height": 860})


def sentences(page: Page) -> list[str]:
    return page.locator(".samples .refined").all_text_contents()


def write(page: Page) -> None:
    """Press Write, and wait for what comes."""
    page.get_by_role("button", name="Write").click()
    page.wait_for_load_state("networkidle")


def test_it_all_works_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/playground", java_script_enabled=False)
    page.get_by_label("Genres", exact=True).fill("folk")
    page.get_by_label("Sentences").fill("2")
    page.get_by_label("Seed").fill("7")
    page.get_by_role("button", name="Write").click()
    expect(page.locator(".sample")).to_have_count(2)
    expect(page.locator(".mix svg")).to_have_count(2)
    expect(page.locator(".steps li:visible")).to_have_count(9)
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    expect(page.locator("#drag")).to_be_hidden()
    written = sentences(page)
    page.get_by_role("link", name="Link to this screen").click()
    assert sentences(page) == written
    page.get_by_role("link", name="Walk to here").first.click()
    expect(page.get_by_label("To", exact=True)).to_have_value(written[0])


def test_results_come_without_a_reload_and_back_goes_back(page: Page) -> None:
    page.evaluate("window.stayed = true")
    page.get_by_label("Genres", exact=True).fill("folk")
    page.get_by_label("Sentences").fill("2")
    page.get_by_label("Seed").fill("7")
    write(page)
    expect(page.get_by_role("status")).to_contain_text("2 sentences")
    first, address = sentences(page), page.url
    page.get_by_role("button", name="Another seed").click()
    page.wait_for_url(lambda url: "seed=" in url and url != address)
    assert sentences(page) != first
    assert f"seed={page.get_by_label('Seed').input_value()}" in page.url
    page.go_back()
    expect(page.locator(".samples .refined").first).to_have_text(first[0])
    expect(page.get_by_label("Seed")).to_have_value("7")
    assert page.evaluate("window.stayed")


def test_the_address_alone_brings_back_the_screen(open_page: OpenPage) -> None:
    first = open_page(SHORT)
    expect(first.locator(".sample")).to_have_count(2)
    second = open_page(first.url)
    assert sentences(second) == sentences(first)
    assert shown_step(second) == shown_step(first)


def shown_step(page: Page) -> str:
    (step,) = [li.text_content() for li in page.locator(".steps li").all() if li.is_visible()]
    return str(step)


def test_the_walk_is_dragged_along(open_page: OpenPage) -> None:
    page = open_page(SHORT)
    steps = page.locator(".steps li").all_text_contents()
    slider = page.get_by_label("Step of the walk")
    assert shown_step(page) == steps[0]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert shown_step(page) == steps[1]
    assert slider.get_attribute("aria-valuetext") == f"2 of 5: {steps[1]}"
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    assert shown_step(page) == steps[2]
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=4)
    assert shown_step(page) == steps[4]
    page.mouse.up()
    page.wait_for_url("**at=5*")
    page.reload()
    assert shown_step(page) == steps[4]


def test_a_slider_that_is_let_go_writes_anew(open_page: OpenPage) -> None:
    page = open_page(SHORT)
    before = sentences(page)
    page.get_by_label("LC-GAN strength").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("The plain VAE says the same.")).to_have_count(2)
    assert sentences(page) != before
    page.wait_for_url("**strength=0*")
    expect(page.locator("output[for=strength]")).to_have_text("0")
    expect(page.get_by_label("LC-GAN strength")).to_be_focused()


def test_genres_are_suggested_and_picked_by_keys(page: Page) -> None:
    field = page.get_by_label("Genres", exact=True)
    field.press_sequentially("jazz, dream p")
    expect(page.get_by_role("option", name="dream pop")).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("jazz, dream pop, ")
    expect(page.get_by_role("option")).to_have_count(0)
    assert page.url.endswith("/playground")  # Enter picked, and sent nothing
    field.press_sequentially("dream pop revival")
    expect(page.get_by_role("option", name="nearest to “dream pop revival”")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)


def test_a_genre_is_picked_by_a_click_and_what_was_typed_stays(page: Page) -> None:
    page.get_by_label("Artist").fill("Low")
    page.get_by_label("Sentences").fill("1")
    page.get_by_role("link", name="shoegaze", exact=True).click()
    expect(page.locator(".sample")).to_have_count(1)
    expect(page.get_by_label("Artist")).to_have_value("Low")
    assert "artist=Low&genres=shoegaze" in page.url


def test_what_is_typed_meanwhile_is_kept(page: Page) -> None:
    page.get_by_label("Genres", exact=True).fill("folk")
    page.get_by_label("Sentences").fill("1")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/playground?*", hold)
    with page.expect_request("**/playground?*"):
        page.get_by_role("button", name="Write").click()
    page.get_by_label("Artist").fill("typed meanwhile")
    held[0].continue_()
    expect(page.locator(".sample")).to_have_count(1)
    expect(page.get_by_label("Artist")).to_have_value("typed meanwhile")


def test_a_wrong_field_is_marked_and_mended(page: Page, complaints: list[str]) -> None:
    page.get_by_label("Seed").fill("mine")
    write(page)
    expect(page.get_by_text("A whole number of up to 15 digits.")).to_be_visible()
    expect(page.get_by_label("Seed")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Seed")).to_have_value("mine")
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Sentences").fill("1")
    write(page)
    expect(page.locator(".sample")).to_have_count(1)
    expect(page.get_by_text("A whole number of up to 15 digits.")).to_be_hidden()
    complaints[:] = [said for said in complaints if "422" not in said]


def test_a_gateway_that_is_gone_is_said(page: Page, complaints: list[str]) -> None:
    page.route("**/playground?*", lambda route: route.abort())
    page.get_by_label("Artist").fill("Low")
    page.get_by_role("button", name="Write").click()
    expect(page.get_by_text("The gateway does not answer")).to_be_visible()
    expect(page.get_by_label("Artist")).to_have_value("Low")
    complaints[:] = [said for said in complaints if "ERR_FAILED" not in said]


def test_the_link_is_copied_with_the_step_that_is_looked_at(open_page: OpenPage) -> None:
    page = open_page(SHORT, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Step of the walk").press("ArrowRight")
    page.wait_for_url("**at=2*")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_the_command_gets_the_same_sentences(open_page: OpenPage, inference_url: str) -> None:
    page = open_page(SHORT)
    command = page.locator("#command-1").text_content() or ""
    words = shlex.split(command)
    (address,) = [word for word in words if word.startswith("http")]
    assert address == f"{inference_url}/v1/generate"
    answer = httpx.post(address, json=json.loads(words[-1]), timeout=60).raise_for_status().json()
    assert [sample["text"] for sample in answer["samples"]] == sentences(page)


def test_hostile_text_is_text(open_page: OpenPage) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    page = open_page("/playground")
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.get_by_label("Artist").fill(hostile)
    page.get_by_label("Genres", exact=True).fill(hostile)
    page.get_by_label("Sentences").fill("1")
    write(page)
    expect(page.get_by_role("heading", name=hostile)).to_be_visible()
    assert page.locator("main img").count() == 0
    assert said == []


def test_the_keyboard_alone_reaches_all(open_page: OpenPage) -> None:
    page = open_page("/playground")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Low")
    page.keyboard.press("Tab")
    page.keyboard.type("folk")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".sample")).to_have_count(3)
    expect(page.get_by_label("Genres", exact=True)).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/playground", SHORT, "/playground?n=0&seed=x"])
def test_both_themes_are_legible_and_nothing_sticks_out_at_320_pixels(
    open_page: OpenPage, complaints: list[str], path: str, scheme: str
) -> None:
    page = open_page(
        path,
        viewport={"width": 320, "height": 640},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate(LOW_CONTRAST) == []
    complaints[:] = [said for said in complaints if "422" not in said]


def test_every_control_has_a_name(open_page: OpenPage) -> None:
    page = open_page(SHORT)
    page.get_by_text("A walk between two sentences").click()
    for role in ("button", "link", "textbox", "combobox", "slider", "spinbutton", "img", "region"):
        controls = page.get_by_role(role).all()
        assert controls, role
        for control in controls:
            assert re.search(rf'{role} "', control.aria_snapshot()), control.aria_snapshot()


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/playground", SHORT, "/playground?n=0&seed=x"])
def test_axe_has_nothing_against(
    open_page: OpenPage, complaints: list[str], path: str, scheme: str
) -> None:
    page = open_page(path, color_scheme=scheme, reduced_motion="reduce")
    assert violations(page) == []
    complaints[:] = [said for said in complaints if "422" not in said]
