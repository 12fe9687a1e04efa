// Single keys on the desk: what each does, which key a curator has put in its place, and the
// dialog where that is done. An action is called by the key that it has of itself.
"use strict";

const ON = "deephypebot.keys";
const CHANGED = "deephypebot.keymap";
const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"];
let asked = null; // the button whose new key is waited for

const keyButtons = () => [...document.querySelectorAll("button[data-remap]")];
const switchedOn = () => stored((store) => store.getItem(ON)) !== "off";

// What was changed, by the keys that the actions have of themselves.
function changed() {
  const kept = stored((store) => JSON.parse(store.getItem(CHANGED)));
  return kept && typeof kept === "object" ? kept : {};
}

const keyOf = (action) => changed()[action] ?? action;
const actionOf = (key) => keyButtons().find(({ dataset }) => keyOf(dataset.remap) === key)?.dataset.remap;

function snooze(key) {
  const button = document.querySelector(`button[data-key="${key}"]`);
  button?.form.requestSubmit(button);
}

const approve = () => chosen()?.querySelector("form").requestSubmit();
const steps = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const acts = {
  a: approve,
  Enter: approve,
  e: () => edit(chosen()),
  o: () => edit(byId("own")),
  g: () => byId("others")?.requestSubmit(),
  x: () => byId("reject")?.requestSubmit(),
  r: () => byId("reason")?.focus(),
  n: () => byId("next") && go(byId("next").href),
  s: () => snooze("s"),
  d: () => snooze("d"),
  w: () => snooze("w"),
  "/": () => byId("search")?.focus(),
  u: () => latest.then(() => byId("undo")?.requestSubmit()), // until then it stands for an older one
  "?": () => byId("keys")?.showModal(),
};

function onKey(event) {
  const { target, key } = event;
  const typing = target.matches("input, textarea");
  if (typing && key === "Escape") pick(target.closest(".draft") ?? chosen());
  if (typing && key === "Enter" && (event.ctrlKey || event.metaKey)) target.form?.requestSubmit();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!switchedOn() || document.querySelector("dialog[open]")) return;
  if (key === "Enter" && target.closest("a, button")) return;
  const number = /^[1-9]$/.test(key) ? cards()[key - 1] : null;
  const action = key.length > 1 ? key : actionOf(key); // Enter and the arrows are nobody's to change
  const by = cards().length > 0 ? steps[action] : 0; // the arrows scroll where there are no drafts
  if (!by && !acts[action] && !number) return;
  event.preventDefault();
  if (number) pick(number);
  else if (by) step(by);
  else if (!event.repeat) acts[action](); // a key held down decides once
}

// Show on buttons and in the dialog what a key is by now; new parts of the page come with its own.
function showKeys() {
  document.documentElement.classList.toggle("with-keys", switchedOn());
  byId("keys-on").checked = switchedOn();
  byId("keys-back").hidden = Object.keys(changed()).length === 0;
  const own = new Set(keyButtons().map(({ dataset }) => dataset.remap));
  for (const shown of document.querySelectorAll("kbd")) {
    shown.dataset.own ??= shown.textContent;
    if (own.has(shown.dataset.own)) shown.textContent = keyOf(shown.dataset.own);
  }
}

const tell = (text) => { byId("keys-said").textContent = text; };

function ask(button) {
  asked?.removeAttribute("aria-pressed");
  asked = button;
  asked?.setAttribute("aria-pressed", "true");
  tell(button ? `Press the new key for “${button.dataset.what}”. Esc leaves it as it is.` : "");
}

function onNewKey(event) {
  const { key } = event;
  if (!asked || key === "Tab" || MODIFIERS.includes(key)) return;
  event.preventDefault();
  event.stopPropagation();
  if (key === "Escape") { ask(null); return; }
  const trouble = whatIsWrong(event);
  if (trouble) { tell(trouble); return; }
  change(asked.dataset.remap, key);
}

function whatIsWrong({ key, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return "One key alone, please: the others belong to the browser.";
  if (!/^[^\s1-9]$/u.test(key)) return "That key has its own use. Press a letter or a sign.";
  const other = keyButtons().find(({ dataset }) => keyOf(dataset.remap) === key);
  return other && other !== asked ? `“${key}” is taken: ${other.dataset.what}. Press another key.` : "";
}

function change(action, key) {
  const map = { ...changed(), [action]: key };
  if (key === action) delete map[action];
  stored((store) => store.setItem(CHANGED, JSON.stringify(map)));
  const { what } = asked.dataset;
  ask(null);
  showKeys();
  tell(`“${keyOf(action)}” now stands for “${what}”.`);
}

function backToTheDefaults() {
  stored((store) => store.removeItem(CHANGED));
  ask(null);
  showKeys();
  keyButtons()[0].focus(); // the button that was pressed has gone
  tell("Every key is as it was.");
}

document.addEventListener("keydown", onKey);
document.addEventListener("refreshed", showKeys);
window.addEventListener("storage", showKeys); // another tab changed them
byId("keys").addEventListener("keydown", onNewKey);
byId("keys").addEventListener("focusout", ({ target }) => { if (target === asked) ask(null); });
byId("keys").addEventListener("close", () => ask(null));
byId("keys-on").addEventListener("change", ({ target }) => {
  stored((store) => store.setItem(ON, target.checked ? "on" : "off"));
  showKeys();
});
byId("keys-back").addEventListener("click", backToTheDefaults);
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-open]")) acts["?"]();
  const button = target.closest("button[data-remap]");
  if (button) ask(button);
});

showKeys();
