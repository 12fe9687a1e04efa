// The list of the desk: ticks by shift-click, all at once, and counted.
"use strict";

(() => {
  const form = document.getElementById("ticked");
  if (!form) return;
  const boxes = [...form.querySelectorAll(".tick")];
  const all = document.getElementById("all");
  const count = document.getElementById("count");
  let last = null; // the box that was clicked before

  function tally() {
    const ticked = boxes.filter((box) => box.checked).length;
    count.textContent = `${ticked} ticked`;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }

  form.addEventListener("click", ({ target, shiftKey }) => {
    const here = boxes.indexOf(target);
    if (here < 0) return;
    if (shiftKey && last !== null) {
      const [from, to] = [Math.min(last, here), Math.max(last, here)];
      boxes.slice(from, to + 1).forEach((box) => { box.checked = target.checked; });
    }
    last = here;
  });
  form.addEventListener("change", ({ target }) => {
    if (target === all) boxes.forEach((box) => { box.checked = all.checked; });
    tally();
  });
  // A decision sent twice would be refused the second time, and say so of one's own; Enter in a
  // box presses a hidden button that does not say what to do.
  let sent = false;
  form.addEventListener("submit", (event) => {
    const acts = event.submitter?.hasAttribute("formaction");
    if (sent || !acts) event.preventDefault();
    sent ||= acts;
  });
  // Back to this page from the next one: it can be sent again.
  window.addEventListener("pageshow", () => { sent = false; tally(); });
  tally();
})();
