"use strict";
// The report of pytest-llm: plain scripts, one after the other, without a framework.
// Whatever comes out of the data goes into the page as text; no markup, no address and no style is made of it.

/** An element. Attributes: `class`, `on…` handlers, `data`, properties that are booleans, else attributes as such. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** An element of SVG. */
function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

/** A long name with its middle left out: names of one family differ at their ends. */
const middle = (text, most = 44) => (text.length <= most ? text : `${text.slice(0, most - 21)}…${text.slice(-20)}`);

const find = (selector, within = document) => within.querySelector(selector);

const format = {
  count: (n) => Math.round(n).toLocaleString("en"),
  rate: (n) => (n >= 100 ? Math.round(n).toLocaleString("en") : n.toFixed(1)),
  share: (n) => `${Math.round(100 * n)}%`,
  seconds(s) {
    if (s < 0.995) return `${Math.round(1000 * s)} ms`;
    if (s < 59.95) return `${s.toFixed(s < 10 ? 2 : 1)} s`;
    if (s < 3570) return `${Math.floor(s / 60)} min ${String(Math.floor(s % 60)).padStart(2, "0")} s`;
    return `${Math.floor(s / 3600)} h ${String(Math.round((s % 3600) / 60)).padStart(2, "0")} min`;
  },
  time: (iso) => (iso ? new Date(iso).toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }) : ""),
  day: (iso) => (iso ? new Date(iso).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) : ""),
  moment: (iso) => (iso ? `${new Date(iso).toLocaleString("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" })} UTC` : ""),
  plural: (n, noun) => `${Math.round(n).toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`,
};

const VERDICTS = ["passed", "failed", "xfailed", "error", "skipped"]; // xfailed: it failed, as its mark expects
const SIGNS = { passed: "✓", failed: "✕", xfailed: "✕", error: "!", skipped: "–" };
const CHANGES = { regressed: "▼", fixed: "▲", new: "+" };

/** A button that copies a text, and says that it has. */
function copyButton(text, label = "Copy") {
  const button = el("button", { class: "quiet", type: "button" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      copyBySelection(text());
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1200);
  });
  return button;
}

/** For pages opened from a file, where some browsers keep the clipboard shut. */
function copyBySelection(text) {
  const area = el("textarea", { class: "away", "aria-hidden": "true" });
  area.value = text;
  (find("dialog[open]") || document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Hands a file to whoever reads the report. The browser saves it; nothing of it is opened here. */
function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const fileName = (text) => text.replace(/[^\w.-]+/g, "_").slice(0, 80);
