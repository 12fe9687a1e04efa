// Keeps the timeline fresh while the page is looked at. Without this file, reload it.
const PERIOD_MS = 4000;

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = document.getElementById("timeline");
  const known = new Set(Array.from(list.children, (post) => post.id));
  const posts = Array.from(fresh.getElementById("timeline").children);
  for (const post of posts) {
    if (!known.has(post.id)) post.classList.add("arrived");
  }
  list.replaceChildren(...posts);
  document.getElementById("counts").textContent = fresh.getElementById("counts").textContent;
}

setInterval(() => refresh().catch(() => {}), PERIOD_MS);
