// The playground works without this: it sends the same form, swaps in what the same page says,
// lets the walk be dragged along, suggests genres, and copies.
"use strict";

const PAUSE_MS = 120; // of typing, before genres are suggested
const byId = (id) => document.getElementById(id);
const form = byId("wish");
const results = () => byId("results");
const say = (text) => { byId("live").textContent = text; };
const offline = (now) => { document.querySelector(".offline").hidden = !now; };
const named = () => [...form.elements].filter((field) => field.name && field.type !== "submit");
let asking = null; // the request under way; a newer one ends it

// Fetch the page that answers a wish and show it; the address becomes the one it was sent on to.
async function ask(url, { push = true, look = true } = {}) {
  asking?.abort();
  const mine = asking = new AbortController();
  const sent = new Map(named().map((field) => [field.name, field.value]));
  results().ariaBusy = "true";
  try {
    const answer = await fetch(url, { signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("results")) { location.assign(url); return; }
    show(page, sent);
    if (look) intoView();
    if (push) history.pushState(null, "", answer.url);
    offline(false);
  } catch (error) {
    if (error.name !== "AbortError") offline(true);
  } finally {
    if (asking === mine) results().ariaBusy = null;
  }
}

function show(page, sent) {
  const next = page.getElementById("results");
  const within = results().contains(document.activeElement);
  results().replaceWith(next);
  named().forEach((field) => {
    const told = page.getElementById("wish").elements[field.name];
    if (field.value === sent.get(field.name)) field.value = told.value; // not what is being typed
    if (told.ariaInvalid === "true") field.ariaInvalid = "true"; else field.removeAttribute("aria-invalid");
  });
  form.querySelectorAll("[data-fault]").forEach((fault) => {
    const told = page.getElementById(fault.id);
    fault.textContent = told.textContent;
    fault.hidden = told.hidden;
    if (!told.hidden) fault.closest("details")?.setAttribute("open", "");
  });
  settle();
  if (within) next.focus({ preventScroll: true });
}

// On a small screen the results stand below the form.
function intoView() {
  const { top } = results().getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.75) results().scrollIntoView();
}

// Make what just came on the screen ready to be worked with.
function settle() {
  document.querySelectorAll(".js-only").forEach((element) => { element.hidden = false; });
  document.querySelector(".steps")?.classList.add("stacked");
  form.querySelectorAll("input[type=range]").forEach(measure);
  walkTo(byId("drag")?.value);
  say(results().dataset.said);
}

function measure(range) {
  range.closest(".field").querySelector("output").textContent = range.value;
}

function walkTo(at) {
  const steps = [...document.querySelectorAll(".steps li")];
  if (!steps.length) return;
  steps.forEach((step, index) => {
    if (index === at - 1) step.setAttribute("aria-current", "step"); else step.removeAttribute("aria-current");
  });
  byId("drag").setAttribute("aria-valuetext", `${at} of ${steps.length}: ${steps[at - 1].textContent}`);
}

// The step that is looked at is part of the address, and of the link that is copied.
function remember(at) {
  const there = new URL(location.href);
  there.searchParams.set("at", at);
  history.replaceState(null, "", there);
  byId("link").href = there;
}

const wished = (button) => `${form.action}?${new URLSearchParams(new FormData(form, button))}`;

async function copy(button) {
  const source = byId(button.dataset.copy);
  const text = source.href ?? source.textContent;
  try { await navigator.clipboard.writeText(text); } catch { byHand(text); }
  const before = button.dataset.label ??= button.textContent;
  button.textContent = "Copied";
  say("Copied.");
  setTimeout(() => { button.textContent = before; }, 1500);
}

// Where the page came over plain HTTP there is no clipboard to write to.
function byHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// Suggested genres: a list that the keyboard can walk, for the name that is being typed.
const genres = byId("genres");
const list = byId("suggestions");
let searching = null;
let pause = 0;

const lastName = () => genres.value.slice(genres.value.lastIndexOf(",") + 1).trim();
const options = () => [...list.children];
const active = () => list.querySelector("[aria-selected=true]");

function offer(found) {
  list.replaceChildren(...found.map(({ genre, says }, index) => {
    const option = document.createElement("li");
    Object.assign(option, { id: `genre-${index}`, role: "option", ariaSelected: "false" });
    option.dataset.pick = genre;
    option.textContent = says;
    return option;
  }));
  list.hidden = found.length === 0;
  genres.ariaExpanded = String(!list.hidden);
  genres.removeAttribute("aria-activedescendant");
}

async function suggest() {
  searching?.abort();
  searching = new AbortController();
  const q = lastName();
  if (!q || q.length > 100) { offer([]); return; }
  try {
    const answer = await fetch(`/playground/genres?${new URLSearchParams({ q })}`, { signal: searching.signal });
    if (!answer.ok) return;
    const { genres: found, nearest } = await answer.json();
    const all = found.map((genre) => ({ genre, says: genre }));
    if (nearest) all.push({ genre: nearest, says: `${nearest} (the nearest to “${q}”)` });
    offer(all.filter(({ genre }) => genre !== q));
  } catch { /* typing goes on without */ }
}

// Also what is still on its way is not wanted any more.
function closeList() {
  clearTimeout(pause);
  searching?.abort();
  offer([]);
}

function point(by) {
  const all = options();
  const now = all.indexOf(active());
  const next = all[(now + by + all.length + (now < 0 && by < 0)) % all.length];
  active()?.setAttribute("aria-selected", "false");
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
  genres.setAttribute("aria-activedescendant", next.id);
}

function pick(option) {
  const kept = genres.value.slice(0, genres.value.lastIndexOf(",") + 1);
  genres.value = `${kept}${kept ? " " : ""}${option.dataset.pick}, `;
  closeList();
  genres.focus();
}

genres.addEventListener("keydown", (event) => {
  const { key } = event;
  if (key === "Escape") closeList();
  if (list.hidden || event.isComposing) return;
  if (key === "ArrowDown" || key === "ArrowUp") point(key === "ArrowDown" ? 1 : -1);
  else if (key === "Enter" && active()) pick(active());
  else return;
  event.preventDefault();
});
genres.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(suggest, PAUSE_MS); });
genres.addEventListener("blur", closeList);
list.addEventListener("pointerdown", (event) => {
  event.preventDefault(); // the field keeps the focus
  const option = event.target.closest("[data-pick]");
  if (option) pick(option);
});

document.addEventListener("submit", (event) => {
  if (event.target !== form) return;
  event.preventDefault();
  closeList();
  ask(wished(event.submitter));
});
document.addEventListener("click", (event) => {
  const [link, button] = ["a[data-swap]", "[data-copy]"].map((kind) => event.target.closest(kind));
  if (button) copy(button);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.genre) genres.value = genres.value ? `${genres.value}, ${link.dataset.genre}` : link.dataset.genre;
  ask(link.dataset.genre ? wished() : link.href);
});
document.addEventListener("input", ({ target }) => {
  if (target.matches("#wish input[type=range]")) measure(target);
  if (target.id === "drag") walkTo(target.value);
});
document.addEventListener("change", ({ target }) => {
  if (target.id === "drag") remember(target.value);
  else if (target.hasAttribute("data-auto") && results().dataset.here) ask(wished(), { look: false });
});
addEventListener("popstate", () => ask(location.href, { push: false, look: false }));

Object.assign(genres, { role: "combobox", ariaExpanded: "false", ariaAutoComplete: "list" });
genres.setAttribute("aria-controls", "suggestions");
settle();
