// One script for all pages. They work without it: it sends their forms by fetch, swaps in the page
// that comes back, holds the next one ready, and keeps typed words in this browser until the desk
// has accepted them. Keys are in keys.js.
"use strict";

const POLL_MS = 5000;
let ahead = null; // the next item, fetched before it is asked for
let turn = 0; // counts what was asked, so that a late answer does not undo a newer one

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
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [next, pulse] = [page.getElementById("main"), page.getElementById("pulse")];
  if (next?.dataset.page === "login") location.assign(answer.url);
  if (!next && !pulse) throw new Error(`${url} answered ${answer.status} without a page`);
  return { ok: answer.ok, next, pulse };
}

function show(next) {
  main().replaceWith(next);
  settle();
  (cards()[0] ?? next).focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

// Make what just came on the screen ready to be worked with.
function settle() {
  const { here, item, said } = main().dataset;
  if (here) history.replaceState(null, "", here);
  document.querySelectorAll(".js-only").forEach((element) => { element.hidden = false; });
  fields().forEach(restore);
  choose(cards()[0]);
  retitle();
  say(`${said ?? ""} ${heading()}`);
  refreshed();
  ahead = null;
  if (item) prepare(item);
}

async function prepare(item) {
  try {
    const { ok, next } = await load(byId("next").href);
    if (ok && next.dataset.item && main().dataset.item === item) ahead = next;
  } catch { /* it will be asked for again when it is needed */ }
}

async function go(url) {
  const mine = ++turn;
  if (ahead && url === byId("next")?.href) { show(ahead); return; }
  try {
    const { next } = await load(url);
    if (mine === turn) show(next);
  } catch { offline(true); }
}

async function send(form, button) {
  const before = main();
  if (before.ariaBusy === "true") return;
  const mine = ++turn;
  const body = new URLSearchParams(new FormData(form, button));
  const decides = form.hasAttribute("data-decides");
  const sent = form.querySelector("textarea[data-draft]");
  const preview = decides && ahead?.dataset.item !== before.dataset.item ? ahead : null;
  before.ariaBusy = "true";
  if (preview) show(preview);
  try {
    const { ok, next, pulse } = await load(form.action, { method: "POST", body });
    if (ok && sent) stored((store) => store.removeItem(words(sent)));
    // Another tab may have sent words for the same draft, and then forgot those of this one.
    if (!ok) before.querySelectorAll("textarea[data-draft]").forEach(keep);
    const foreseen = preview && next.dataset.item === main().dataset.item;
    if (!ok || (mine === turn && !foreseen)) show(next);
    else { freshen(pulse); say(`${next.dataset.said} ${heading()}`); }
    offline(false);
  } catch {
    if (mine === turn && preview) show(before);
    offline(true);
  } finally { before.ariaBusy = null; }
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
      const { pulse } = await load(`/curate/pulse?head=${encodeURIComponent(here.dataset.head)}&${here.dataset.look}`);
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
  if (field.value !== field.defaultValue) field.dispatchEvent(new CustomEvent("restored", { bubbles: true }));
}

function keep(field) {
  const touched = field.value !== field.defaultValue || field.value !== original(field);
  stored((store) => (touched ? store.setItem(words(field), field.value) : store.removeItem(words(field))));
  measure(field);
}

function measure(field) {
  field.form.querySelector(".kept").hidden = field.value === original(field);
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
document.addEventListener("input", ({ target }) => { if (target.matches("textarea[data-draft]")) keep(target); });
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-send")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});
document.addEventListener("click", (event) => {
  const [link, card] = ["a[data-go]", ".draft"].map((kind) => event.target.closest(kind));
  const restored = event.target.closest("[data-restore]");
  choose(card);
  if (event.target.closest("[data-edit]")) edit(card);
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); go(link.href); }
  if (restored) {
    card.querySelector("textarea").value = restored.dataset.restore;
    keep(card.querySelector("textarea"));
    edit(card);
  }
});

settle();
setInterval(poll, POLL_MS);
