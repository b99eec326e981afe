// Begins: unpacks the run, draws the page once, and follows the address from then on.

function page() {
  const help = [["j  k", "next cell, cell before"], ["Enter", "open the cell"], ["Esc", "close it"], ["/", "search"], ["?", "these keys"]];
  document.body.append(
    el("div", { class: "strip" },
      el("a", { href: "#", class: "brand" }, "pytest-llm"), el("span", { class: "dim" }, run.run),
      el("span", { class: "steps" }, el("button", { type: "button", class: "quiet", id: "theme", "aria-label": "Light, dark, or as the system", onclick: nextTheme }), el("button", { type: "button", class: "quiet", "aria-label": "Keys", onclick: () => find("#help").showModal() }, "?"))),
    el("main", {}),
    el("dialog", { id: "cell", "aria-labelledby": "cell-name" }),
    el("dialog", { id: "large", "aria-label": "picture" }),
    el("dialog", { id: "help", "aria-label": "Keys", onclick: () => find("#help").close() }, el("h2", {}, "Keys"), el("dl", { class: "pairs" }, help.map(([key, text]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, text)])), el("button", { type: "button", class: "quiet" }, "Close")));
}

const THEMES = { auto: "◐", light: "☀", dark: "☾" };

function setTheme(theme) {
  const known = theme in THEMES ? theme : "auto";
  document.documentElement.dataset.theme = known;
  find("#theme").replaceChildren(THEMES[known]);
  find("#theme").title = known === "auto" ? "as the system" : known;
}

function nextTheme() {
  const names = Object.keys(THEMES), next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  kept.write({ theme: next });
  setTheme(next);
}

let drawn = "";

/** Draw what the address says. */
function follow() {
  readAddress();
  const chosen = JSON.stringify({ ...view, cell: "", tab: "", with: "" });
  if (chosen !== drawn) {
    drawn = chosen;
    for (const select of document.querySelectorAll("select[data-filter]")) select.value = view[select.dataset.filter];
    for (const button of document.querySelectorAll("[data-only]")) button.setAttribute("aria-pressed", String(view.only === button.dataset.only));
    for (const button of document.querySelectorAll("[data-verdict]")) button.setAttribute("aria-pressed", String(view.verdict.split(" ").includes(button.dataset.verdict)));
    const input = find(".tools input");
    if (input.value !== view.q) input.value = view.q;
    find("#clear").hidden = !["q", "verdict", "marker", "model", "check", "only"].some((name) => view[name]);
    drawMatrix();
  }
  const number = view.cell ? run.byId.get(view.cell) : undefined;
  if (number === undefined) closeCell();
  else openCell(number);
}

/** A click on a link to a cell is a step in here, whatever else is chosen by then. */
function listenToLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-cell], g[data-cell]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show({ cell: run.cells[Number(link.dataset.cell)].id, tab: "", with: "" });
  });
}

unpack("run").then((data) => {
  prepare(data);
  document.title = `${run.counts.passed} of ${run.cells.length} passed · pytest-llm`;
  page();
  setTheme(kept.read().theme);
  drawTop();
  listenToKeys();
  listenToLinks();
  addEventListener("popstate", follow);
  addEventListener("hashchange", follow);
  follow();
  document.documentElement.dataset.ready = Math.round(performance.now());
}, (error) => document.body.append(el("p", {}, `The report cannot be read: ${error.message}`)));
