// Drafts while they are worked on: how the post will look, told while somebody types.
"use strict";

const PAUSE_MS = 150;
const PARTS = ["[data-seen]", "[data-counted]"];
const pauses = new WeakMap(); // by field: the pause in typing that is waited for

// Ask how the words of a field would look as a post, and show it unless they changed meanwhile.
async function foresee(field) {
  const { form, value } = field;
  const body = new URLSearchParams({ text: value });
  for (const name of ["token", "item_id"]) body.set(name, form.elements[name].value);
  try {
    const answer = await fetch("/curate/preview", { method: "POST", body });
    if (!answer.ok || field.value !== value) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of PARTS) {
      form.querySelector(part)?.replaceWith(page.querySelector(part));
    }
  } catch { /* what is shown stays: it is asked again with the next letter */ }
}

function afterAPause({ target }) {
  if (!target.matches("textarea[data-draft]")) return;
  clearTimeout(pauses.get(target));
  pauses.set(target, setTimeout(foresee, PAUSE_MS, target));
}

// What the page came with is of other words than those that came back: it is not shown until told anew.
function foreseeAnew(field) {
  clearTimeout(pauses.get(field));
  PARTS.forEach((part) => { field.form.querySelector(part).ariaBusy = "true"; });
  foresee(field);
}

document.addEventListener("input", afterAPause);
document.addEventListener("restored", ({ target }) => foreseeAnew(target));
fields().filter((field) => field.value !== field.defaultValue).forEach(foreseeAnew);
