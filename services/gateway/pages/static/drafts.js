// Drafts while they are worked on: how the post will look, told while somebody types.
"use strict";

const PAUSE_MS = 150;
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
    for (const part of ["[data-seen]", "[data-counted]"]) {
      form.querySelector(part)?.replaceWith(page.querySelector(part));
    }
  } catch { /* what is shown stays: it is asked again with the next letter */ }
}

function afterAPause({ target }) {
  if (!target.matches("textarea[data-draft]")) return;
  clearTimeout(pauses.get(target));
  pauses.set(target, setTimeout(foresee, PAUSE_MS, target));
}

document.addEventListener("input", afterAPause);
document.addEventListener("restored", afterAPause);
fields().filter((field) => field.value !== field.defaultValue).forEach(foresee);
