// The few things of the review page that a server cannot do: keys, lit boxes, unsaved text, a lost connection.
"use strict";
document.documentElement.classList.add("js");

const byId = (id) => document.getElementById(id);

// Who acts: choosing is enough.
byId("person")?.addEventListener("change", (event) => event.target.form.requestSubmit());

// Search while typing; without htmx the form itself searches.
const search = byId("q");
let waiting = 0;
search?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const asked = new URLSearchParams(new FormData(search.form));
    htmx.ajax("GET", "/queue?" + asked, { target: "#queue", swap: "outerHTML" });
    history.replaceState(null, "", "/?" + asked);
  }, 250);
});

// On a narrow screen the tabs scroll: show the one that is open.
const showTab = () => document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
showTab();
document.addEventListener("htmx:afterSwap", showTab);

// A field and its box on the page light up together.
const light = (event, on) => {
  const line = event.target.closest?.("[data-box]");
  const anchor = event.target.closest?.("mark a")?.hash.slice(1);
  const box = line ? line.dataset.box : byId(anchor)?.dataset.box;
  byId(box)?.classList.toggle("lit", on);
  if (anchor) byId(anchor)?.classList.toggle("lit", on);
};
for (const [kind, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(kind, (event) => light(event, on));
}

// Where a figure stands is told on hover and focus; Escape takes that away until the next one.
const hush = (yes) => byId("draft")?.classList.toggle("hushed", yes);
for (const kind of ["mouseover", "focusin"]) {
  document.addEventListener(kind, (event) => { if (event.target.closest?.("mark a")) hush(false); });
}
addEventListener("keydown", (event) => { if (event.key === "Escape") hush(true); });

// Changed cells of a table are one stop of the Tab key; arrows go through them, Escape takes away what the file says.
const ARROWS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(".cleaned");
  if (!cell) return;
  cell.parentElement.classList.toggle("hushed", event.key === "Escape");
  if (!ARROWS[event.key]) return;
  event.preventDefault();
  const cells = [...cell.closest("table").querySelectorAll(".cleaned")];
  const next = cells[Math.max(0, Math.min(cells.length - 1, cells.indexOf(cell) + ARROWS[event.key]))];
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
for (const kind of ["mouseover", "focusin"]) {
  document.addEventListener(kind, (event) => event.target.closest?.("td.hushed")?.classList.remove("hushed"));
}

// An edited text: what was loose in the old one need not be ticked, the server looks at the new one; and leaving asks first.
const text = byId("text");
let leaving = false;
const edited = () => text && text.value !== text.defaultValue;
text?.addEventListener("input", () => {
  for (const box of document.querySelectorAll(".loose-ends input")) box.required = !edited();
});
document.addEventListener("submit", (event) => { leaving = event.target.id === "review"; });
addEventListener("beforeunload", (event) => { if (edited() && !leaving) event.preventDefault(); });
document.querySelector("details.edit")?.addEventListener("toggle", (event) => {
  if (event.target.open && !byId("unsaved") && event.target.contains(text)) text.focus();
});

// The connection.
const offline = (yes) => { byId("offline").hidden = !yes; };
document.addEventListener("htmx:sendError", () => offline(true));
document.addEventListener("htmx:timeout", () => offline(true));
document.addEventListener("htmx:responseError", () => offline(true));
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) offline(false); });

// Keys. Nothing is decided by one key alone: `a` only puts the focus on the button.
const step = (by) => {
  const lines = [...document.querySelectorAll(".line")];
  if (!lines.length) return byId(by > 0 ? "older" : "newer")?.click();
  const at = lines.indexOf(document.activeElement);
  lines[Math.max(0, Math.min(lines.length - 1, at < 0 ? 0 : at + by))].focus();
};
const reach = (key) => {
  const found = [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => one.offsetParent);
  if (!found) return;
  if (found.localName === "summary") {
    found.parentElement.open = true;
    found.parentElement.querySelector("textarea")?.focus();
  } else found.focus();
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const acts = {
    j: () => step(1), k: () => step(-1), u: () => byId("up")?.click(), "/": () => search?.focus(),
    a: () => reach("a"), e: () => reach("e"), r: () => reach("r"),
  };
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
});
