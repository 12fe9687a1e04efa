"""A script that measures, in the page, how long a key takes until the next post is on screen."""

WATCH = """(() => {
  let pressed = null;
  window.paces = [];
  const title = () => document.querySelector("#main h1")?.textContent;
  let shown = title();
  addEventListener("keydown", () => { pressed = performance.now(); shown = title(); }, true);
  new MutationObserver(() => {
    if (pressed === null || title() === shown) return;
    const since = pressed;
    pressed = null;
    // The frame with it has been drawn when the one after it begins.
    requestAnimationFrame(() => requestAnimationFrame(() => paces.push(performance.now() - since)));
  }).observe(document.body, { childList: true, subtree: true });
})()"""
