// One script for all pages. They work without it: it sends their forms by fetch, swaps in the page
// that comes back, holds the next items of the desk ready, and keeps typed words in this browser
// until the desk has accepted them. Keys are in keys.js.
"use strict";

const POLL_MS = 5000;
const OUTLIVES = 20_000; // signs of a form that browsers send though the page goes; they keep 64 KiB
let held = []; // the next items, fetched before they are asked for
let turn = 0; // counts what was asked, so that a late answer does not undo a newer one
let asking = null; // the question what follows, while it is open
let askAgain = false;
let wanting = null; // a page that goes on as soon as something is held
let latest = Promise.resolve(); // until the queue tells of all that was sent

const byId = (id) => document.getElementById(id);
const main = () => byId("main");
const cards = () => [...document.querySelectorAll(".draft")];
const chosen = () => document.querySelector(".draft[aria-current]");
const fields = () => [...document.querySelectorAll("textarea[data-draft]")];
const heading = () => main().querySelector("h1")?.textContent.trim() ?? "";
const say = (text) => { byId("live").textContent = text; };
const refreshed = () => document.dispatchEvent(new Event("refreshed"));
const offline = (now) => { document.querySelector(".offline").hidden = !now; };

// Storage may be forbidden or full: the page then only forgets what was typed on a reload.
const stored = (act) => { try { return act(localStorage); } catch { return null; } };
const words = (field) => `deephypebot.words:${field.dataset.draft}`;
const original = (field) => field.form.querySelector("[data-restore]").dataset.restore;

// Fetch a page and take it apart; throws when no page came back.
async function load(url, options) {
  const answer = await fetch(url, options);
  const text = await answer.text();
  if (answer.headers.has("Preference-Applied")) return { ok: true, said: text };
  const page = new DOMParser().parseFromString(text, "text/html");
  const [next, pulse] = [page.getElementById("main"), page.getElementById("pulse")];
  if (next?.dataset.page === "login") location.assign(answer.url);
  if (!next && !pulse) throw new Error(`${url} answered ${answer.status} without a page`);
  return { ok: answer.ok, next, pulse, said: next?.dataset.said, items: [...page.querySelectorAll("main")] };
}

function show(next, following = []) {
  held = following;
  carryPulse(next);
  main().replaceWith(next);
  settle();
  window.scrollTo(0, 0);
  const refused = next.querySelector("textarea[autofocus]")?.closest(".draft");
  if (refused) edit(refused); else (cards()[0] ?? next).focus({ preventScroll: true });
}

// Items that were held come without the queue: the one on the screen goes along.
function carryPulse(next) {
  const [place, pulse] = [next.querySelector("#pulse:empty"), byId("pulse")];
  if (!place || !pulse) return;
  pulse.replaceWith(place.cloneNode()); // the page that goes may come back
  place.replaceWith(pulse);
}

// Make what just came on the screen ready to be worked with.
function settle() {
  const { here, said } = main().dataset;
  if (here) history.replaceState(null, "", here);
  document.querySelectorAll(".js-only").forEach((element) => { element.hidden = false; });
  fields().forEach(restore);
  choose(cards()[0]);
  retitle();
  say(`${said ?? ""} ${heading()}`);
  refreshed();
}

// Show the next item at once; lookAhead asks whether it is the next one still.
function goOn() {
  const [next, ...following] = held;
  next.dataset.after = main().dataset.item;
  show(next, following);
}

// One question at a time, and another when somebody went on meanwhile.
function refill() {
  askAgain = true;
  asking ??= (async () => {
    while (askAgain) {
      askAgain = false;
      try { await lookAhead(main()); } catch { /* what is not held is loaded when it is needed */ }
    }
    asking = null;
  })();
  return asking;
}

// What really follows by now, and the queue with it; what is held is not sent again.
async function lookAhead(here) {
  const { item, mark, look, after = item } = here.dataset;
  if (!mark) return;
  const known = [here, ...held];
  const asked = new URLSearchParams({ after, head: byId("pulse").dataset.head });
  known.forEach(({ dataset }) => asked.append("held", `${dataset.mark} ${dataset.item}`));
  const { ok, pulse, items } = await load(`/curate/ahead?${asked}&${look}`);
  if (!ok || main().dataset.look !== look) return;
  freshen(pulse);
  const found = items.map((sent) => (sent.firstElementChild ? sent : known.find((one) => isSame(one, sent))));
  const list = after === item ? [here, ...found] : found;
  const place = list.findIndex((one) => isSame(one, main()));
  if (place >= 0) held = list.slice(place + 1);
  if (main() === wanting && held.length > 0) goOn();
  if (place < 0 && main() === here && !document.activeElement.matches("input, textarea")) await goInstead(list, after);
}

const isSame = (one, other) => one.dataset.item === other.dataset.item && one.dataset.mark === other.dataset.mark;

// Somebody else was faster with the item on the screen.
async function goInstead([next, ...following], after) {
  if (next) show(next, following);
  else await go(byId("next").href.replace(/\bafter=[^&]*/, new URLSearchParams({ after })));
}

async function go(url) {
  const mine = ++turn;
  if (held.length > 0 && url === byId("next")?.href) { goOn(); refill(); return; }
  try {
    const { next } = await load(url);
    if (mine === turn) { show(next); refill(); }
  } catch { offline(true); }
}

async function send(form, button) {
  const before = main();
  if (before.ariaBusy === "true") return;
  const mine = ++turn;
  const body = new URLSearchParams(new FormData(form, button));
  const sent = form.querySelector("textarea[data-draft]");
  const foreseen = form.hasAttribute("data-decides") && (held.length > 0 || asking !== null);
  before.ariaBusy = "true";
  if (foreseen && held.length > 0) goOn(); else if (foreseen) wanting = before;
  try {
    const headers = foreseen ? { Prefer: "return=minimal" } : {};
    const keepalive = `${body}`.length < OUTLIVES; // whoever leaves the page at once has decided all the same
    const { ok, next, pulse, said } = await load(form.action, { method: "POST", body, headers, keepalive });
    if (ok && sent) stored((store) => store.removeItem(words(sent)));
    // Another tab may have sent words for the same draft, and then forgot those of this one.
    if (!ok) before.querySelectorAll("textarea[data-draft]").forEach(keep);
    if (ok && wanting === before) await asking;
    if (!ok || (next && mine === turn)) show(next);
    else if (foreseen && main() === before) await go(byId("next").href);
    else { freshen(pulse); say(`${said} ${heading()}`); }
    offline(false);
  } catch {
    if (foreseen && main() !== before) show(before); // it may be decided all the same: the desk then says so
    offline(true);
  } finally {
    before.ariaBusy = null;
    if (wanting === before) wanting = null;
  }
  await refill();
}

function freshen(pulse) {
  const old = byId("pulse");
  if (!pulse || !old || old.contains(document.activeElement)) return;
  old.replaceWith(pulse);
  retitle();
  refreshed();
}

function retitle() {
  const waiting = byId("pulse")?.dataset.waiting;
  if (waiting) document.title = document.title.replace(/^(\(\d+\) )?/, waiting > 0 ? `(${waiting}) ` : "");
}

async function poll() {
  const here = main();
  if (document.hidden || here.ariaBusy === "true") return;
  try {
    if (here.dataset.page === "curate") {
      const { pulse } = await load(`/curate/pulse?head=${encodeURIComponent(byId("pulse").dataset.head)}&${here.dataset.look}`);
      if (here.dataset.item || pulse.dataset.waiting === "0") freshen(pulse); else await go(here.dataset.here);
    } else if ("refresh" in here.dataset && getSelection().isCollapsed) {
      const { next } = await load(location.href);
      if (!here.contains(document.activeElement)) here.replaceWith(next);
    }
    offline(false);
  } catch { offline(true); }
}

function restore(field) {
  field.value = stored((store) => store.getItem(words(field))) ?? field.value;
  measure(field);
  if (field.value !== field.defaultValue) cameBack(field);
}

function cameBack(field) {
  field.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
}

function keep(field) {
  const touched = field.value !== field.defaultValue || field.value !== original(field);
  stored((store) => (touched ? store.setItem(words(field), field.value) : store.removeItem(words(field))));
  measure(field);
}

// Other words than those that were refused.
function reword(field) {
  main().querySelector(".notice")?.remove();
  keep(field);
}

function measure(field) {
  const kept = field.form.querySelector(".kept");
  kept.hidden = field.value === original(field);
  kept.querySelector("span").hidden = !field.value.trim();
}

function choose(card) {
  if (!card) return;
  chosen()?.removeAttribute("aria-current");
  card.setAttribute("aria-current", "true");
}

function pick(card) {
  choose(card);
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = cards();
  pick(all[Math.min(Math.max(all.indexOf(chosen()) + by, 0), all.length - 1)]);
}

function edit(card) {
  const field = card?.querySelector("textarea");
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

document.addEventListener("focusin", ({ target }) => choose(target.closest(".draft")));
document.addEventListener("input", ({ target }) => { if (target.matches("textarea[data-draft]")) reword(target); });
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-send")) return;
  event.preventDefault();
  latest = Promise.all([latest, send(event.target, event.submitter)]);
});
document.addEventListener("click", (event) => {
  const [link, card] = ["a[data-go]", ".draft"].map((kind) => event.target.closest(kind));
  const restored = event.target.closest("[data-restore]");
  choose(card);
  if (event.target.closest("[data-edit]")) edit(card);
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); go(link.href); }
  if (restored) {
    const field = card.querySelector("textarea");
    field.value = restored.dataset.restore;
    reword(field);
    cameBack(field);
    edit(card);
  }
});

settle();
refill();
setInterval(poll, POLL_MS);
