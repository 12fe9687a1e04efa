"""The curator's desk in a real browser: keys, lost words, other people, small screens."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.contrast import LOW_CONTRAST
from tests.browser.desk import settled

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def verdicts(gateway: Gateway) -> list[tuple[str, str]]:
    return [(d["draft_id"], d["verdict"]) for d in gateway.decisions()]


def test_five_posts_are_decided_by_keys_alone(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2, 3, 4, 5)
    page = open_page()
    heading(page, "Song 5")
    page.keyboard.press("a")
    heading(page, "Song 4")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    heading(page, "Song 3")
    page.keyboard.press("x")
    heading(page, "Song 2")
    page.keyboard.press("3")
    page.keyboard.press("a")
    heading(page, "Song 1")
    page.keyboard.press("e")
    page.keyboard.type(" Mine.")
    page.keyboard.press("Control+Enter")
    heading(page, "All decided.")
    settled(page)
    # The desk does not wait for one post's answer before it sends the next: any order is right.
    approved = {d["draft_id"]: d["text"] for d in gateway.decisions() if d["verdict"] == "approved"}
    assert sorted(approved) == ["x:1:1", "x:2:3", "x:4:2", "x:5:1"]
    assert approved["x:1:1"] == "sentence 1 about song 1. Mine."
    assert [d["draft_id"] for d in gateway.decisions() if d["verdict"] == "rejected"] == [
        "x:3:1",
        "x:3:2",
        "x:3:3",
    ]


def test_the_arrows_move_between_drafts_and_focus_follows(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1)
    page = open_page()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    second = page.locator(".draft").nth(1)
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-current", "true")


def test_focus_is_on_the_next_post_after_a_decision(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("a")
    heading(page, "Song 1")
    expect(page.locator(".draft").first).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Song 1")


def test_letters_in_a_text_are_letters(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("e")
    page.keyboard.type("a x s u j 1?")
    heading(page, "Song 2")
    expect(page.locator("textarea").first).to_have_value("sentence 1 about song 2.a x s u j 1?")
    page.keyboard.press("Escape")
    expect(page.locator(".draft").first).to_be_focused()
    assert gateway.decisions() == []


def test_keys_with_a_modifier_are_the_browsers(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    for chord in ("Control+a", "Alt+x", "Meta+s"):
        page.keyboard.press(chord)
    heading(page, "Song 2")
    assert gateway.decisions() == []


def test_a_key_held_down_decides_once(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2, 3)
    page = open_page()
    page.keyboard.down("a")
    heading(page, "Song 2")
    for _ in range(5):
        page.keyboard.down("a")
    page.keyboard.up("a")
    settled(page)
    heading(page, "Song 2")
    assert verdicts(gateway) == [("x:3:1", "approved")]


def test_keys_can_be_switched_off_and_stay_off(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("?")
    page.get_by_label("Single keys act").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("a")
    heading(page, "Song 2")
    expect(page.locator("kbd").first).not_to_be_visible()
    assert gateway.decisions() == []


def test_a_reason_can_be_given_before_rejecting(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, drafts=1)
    page = open_page()
    page.keyboard.press("r")
    page.keyboard.type("Wrong song")
    page.keyboard.press("Enter")
    heading(page, "All decided.")
    (decision,) = gateway.decisions()
    assert (decision["verdict"], decision["reason"]) == ("rejected", "Wrong song")


def test_undo_brings_the_post_back_with_the_curators_words(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.locator("textarea").first.fill("my own words")
    page.keyboard.press("Control+Enter")
    heading(page, "Song 1")
    expect(page.locator("#undo")).to_be_visible()
    page.keyboard.press("u")
    heading(page, "Song 2")
    expect(page.locator("textarea").first).to_have_value("my own words")


def test_skipping_leads_around_the_queue(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("n")
    heading(page, "Song 1")
    page.keyboard.press("n")
    heading(page, "Song 2")
    expect(page.get_by_text("the posts you skipped")).to_be_visible()


def test_a_reload_loses_no_words_and_no_place(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("n")
    heading(page, "Song 1")
    page.locator("textarea").nth(1).fill("words I have not sent")
    gateway.lay(3)
    page.reload()
    heading(page, "Song 1")
    expect(page.locator("textarea").nth(1)).to_have_value("words I have not sent")
    page.get_by_role("button", name="Back to the draft").click()
    expect(page.locator("textarea").nth(1)).to_have_value("sentence 2 about song 1.")


def test_the_count_is_never_of_other_words_than_those_that_came_back(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1)
    page = open_page()
    words, count = page.locator("textarea").first, page.locator("[data-counted]").first
    expect(count).to_contain_text("24 characters")
    words.fill("My own.")
    expect(count).to_contain_text("7 characters")
    asked: list[Route] = []
    page.route("**/curate/preview", lambda route: asked.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    with page.expect_request("**/curate/preview"):
        page.reload()
    expect(words).to_have_value("My own.")
    expect(count).not_to_be_visible()
    asked[0].continue_()
    expect(count).to_contain_text("7 characters")
    expect(count).to_be_visible()
    page.unroute("**/curate/preview")
    page.get_by_role("button", name="Back to the draft").click()
    expect(count).to_contain_text("24 characters")


def test_words_that_were_accepted_are_not_kept_for_the_next_time(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1)
    page = open_page()
    page.locator("textarea").first.fill("my own words")
    page.keyboard.press("Control+Enter")
    heading(page, "All decided.")
    settled(page)
    kept = page.evaluate("Object.keys(localStorage).filter((key) => key.includes('words'))")
    assert kept == []


@pytest.mark.parametrize("draft", [0, 1], ids=["the same draft", "another draft"])
def test_of_two_tabs_the_second_is_told_and_keeps_its_words(
    gateway: Gateway, page: Page, complaints: list[str], draft: int
) -> None:
    gateway.lay(1, 2)
    page.reload()
    second = page.context.new_page()
    second.goto("/curate")
    second.locator("textarea").nth(draft).fill("an hour of my life")
    page.locator("textarea").first.fill("faster words")
    page.keyboard.press("Control+Enter")
    heading(page, "Song 1")
    settled(page)
    second.keyboard.press("Control+Enter")
    alert = second.get_by_role("alert").filter(has_text="approved a draft")
    expect(alert).to_contain_text("faster words")
    unsent = second.get_by_label("Your words, which were not sent")
    expect(unsent).to_have_value("an hour of my life")
    second.get_by_role("button", name="Take it back and decide again").click()
    expect(second.locator("textarea").nth(draft)).to_have_value("an hour of my life")
    complaints[:] = [said for said in complaints if "409" not in said]


def test_a_decision_that_did_not_get_through_comes_back_with_its_words(
    gateway: Gateway, open_page: OpenPage, complaints: list[str]
) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.route("**/curate/approve", lambda route: route.abort())
    page.locator("textarea").first.fill("my own words")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The gateway does not answer")).to_be_visible()
    heading(page, "Song 2")
    expect(page.locator("textarea").first).to_have_value("my own words")
    page.unroute("**/curate/approve")
    page.locator("textarea").first.press("Control+Enter")
    heading(page, "Song 1")
    settled(page)
    assert verdicts(gateway) == [("x:2:1", "approved")]
    complaints[:] = [said for said in complaints if "ERR_FAILED" not in said]


def test_after_a_refusal_focus_is_in_the_words_and_the_banner_goes_when_they_change(
    gateway: Gateway, open_page: OpenPage, complaints: list[str]
) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.locator("textarea").nth(1).fill(" ")
    for change in ("typed", "taken back"):
        page.locator("textarea").nth(1).press("Control+Enter")
        banner = page.get_by_role("alert").filter(has_text="The text is empty")
        expect(banner).to_be_visible()
        heading(page, "Song 2")
        field = page.locator("textarea").nth(1)
        expect(field).to_be_focused()
        if change == "typed":
            page.keyboard.press("Space")
        else:
            page.get_by_role("button", name="Back to the draft").click()
        expect(banner).not_to_be_attached()
    expect(field).to_have_value("sentence 2 about song 2.")
    complaints[:] = [said for said in complaints if "400" not in said]


def test_words_are_said_to_be_kept_only_where_there_are_any(page: Page, gateway: Gateway) -> None:
    gateway.lay(1)
    page.reload()
    kept, back = page.get_by_text("kept for you"), page.get_by_text("Back to the draft")
    page.locator("textarea").first.fill("my own words")
    expect(kept.first).to_be_visible()
    page.locator("textarea").first.fill("")
    expect(kept.first).not_to_be_visible()
    expect(back.first).to_be_visible()


def test_an_empty_desk_fills_by_itself(gateway: Gateway, page: Page) -> None:
    page.clock.install()
    page.goto("/curate")
    heading(page, "Nothing to read yet.")
    gateway.lay(1)
    page.clock.run_for(6000)
    heading(page, "Song 1")


def test_new_posts_are_announced_and_the_curator_is_left_alone(
    gateway: Gateway, page: Page
) -> None:
    gateway.lay(1)
    page.clock.install()
    page.goto("/curate")
    page.locator("textarea").first.fill("in the middle of a")
    gateway.lay(2, 3)
    page.clock.run_for(6000)
    expect(page.get_by_role("link", name="2 new")).to_be_visible()
    heading(page, "Song 1")
    expect(page.locator("textarea").first).to_be_focused()
    page.get_by_role("link", name="2 new").click()
    heading(page, "Song 3")


def test_everything_works_by_mouse_and_without_javascript(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2, 3)
    page = open_page(java_script_enabled=False)
    page.get_by_role("link", name="Skip", exact=True).click()
    heading(page, "Song 2")
    page.locator("textarea").nth(1).fill("my own words")
    page.get_by_role("button", name="Approve").nth(1).click()
    heading(page, "Song 1")
    page.get_by_label("Reason").fill("Not true")
    page.get_by_role("button", name="Reject all").click()
    heading(page, "Song 3")
    page.get_by_role("button", name="Undo the decision on Song 1").click()
    heading(page, "Song 1")
    assert [v for v in verdicts(gateway) if v[1] == "approved"] == [("x:2:2", "approved")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/curate", "/status"])
def test_nothing_sticks_out_at_320_pixels(
    gateway: Gateway, open_page: OpenPage, path: str, scheme: str
) -> None:
    gateway.lay(1, text="endless" * 200)
    page = open_page(path, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/curate", "/status", "/curate?item=x:9"])
def test_text_has_contrast_in_both_themes(
    gateway: Gateway, open_page: OpenPage, complaints: list[str], path: str, scheme: str
) -> None:
    gateway.lay(1, 2)
    page = open_page(path, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(LOW_CONTRAST) == []
    complaints[:] = [said for said in complaints if "404" not in said]


def test_every_control_has_a_name(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("x")
    heading(page, "Song 1")
    settled(page)
    for role in ("button", "link", "textbox", "combobox", "progressbar"):
        for control in page.get_by_role(role).all():
            snapshot = control.aria_snapshot()
            assert f'{role} "' in snapshot, snapshot
