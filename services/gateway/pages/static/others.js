// Other drafts, by the writer: they are laid below those that are there, and nothing else on the page
// changes, so that whoever reads or types meanwhile goes on.
"use strict";

const MANNER = "deephypebot.manner";
const sliders = () => [...document.querySelectorAll("#others input[type=range]")];
const tellOthers = (text) => { if (byId("others-said")) byId("others-said").textContent = text; };

async function writeOthers(form) {
  const here = main();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  tellOthers("The writer is writing.");
  say("The writer is writing.");
  try {
    const body = new URLSearchParams(new FormData(form));
    const { next } = await load(form.action, { method: "POST", body });
    offline(false);
    if (main() !== here) return; // the drafts lie there for whoever comes back
    if (sameItem(form, next)) lay(next); else { fields().forEach(keep); show(next); }
  } catch {
    tellOthers("");
    offline(true);
  } finally { form.ariaBusy = null; }
}

// Whether nobody has decided the post meanwhile.
function sameItem(form, next) {
  const theirs = next.querySelector("#others")?.elements;
  return ["item_id", "version"].every((name) => theirs?.[name].value === form.elements[name].value);
}

function lay(next) {
  const list = main().querySelector("ol.drafts");
  const known = new Set(fields().map(({ dataset }) => dataset.draft));
  const laid = [...next.querySelectorAll("ol.drafts > .draft")];
  const added = laid.filter((card) => !known.has(card.querySelector("textarea").dataset.draft));
  const told = next.querySelector(".notice, .said")?.textContent.trim() ?? "";
  const typing = document.activeElement.matches("textarea, input, button");
  cards().forEach((card) => card.querySelector(".fresh")?.remove());
  list.append(...added);
  main().dataset.mark = next.dataset.mark;
  [...list.children].forEach((card, index) => { card.ariaLabel = laid[index]?.ariaLabel ?? card.ariaLabel; });
  added.forEach((card) => {
    card.querySelectorAll(".js-only").forEach((element) => { element.hidden = false; });
    restore(card.querySelector("textarea"));
  });
  tellOthers(told);
  say(told);
  refreshed();
  if (added.length && !typing) pick(added[0]);
}

// The sliders stay where a curator has put them, from post to post.
function keepManner() {
  const manner = Object.fromEntries(sliders().map(({ name, value }) => [name, value]));
  stored((store) => store.setItem(MANNER, JSON.stringify(manner)));
  showManner();
}

function restoreManner() {
  const manner = stored((store) => JSON.parse(store.getItem(MANNER)));
  sliders().forEach((slider) => { slider.value = manner?.[slider.name] ?? slider.value; });
  showManner();
}

function showManner() {
  sliders().forEach((slider) => { slider.closest(".slider").querySelector("output").textContent = slider.value; });
}

document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-adds")) return;
  event.preventDefault();
  writeOthers(event.target);
});
document.addEventListener("input", ({ target }) => { if (sliders().includes(target)) keepManner(); });
document.addEventListener("refreshed", restoreManner);
restoreManner();
