// Cases down, models and think modes across. Rows are drawn a screenful at a time, so that ten thousand cells open
// as fast as ten.

const AT_A_TIME = 120;
let more = null;

function matrixCard() {
  const choose = (name, label, options) => {
    const select = el("select", { "aria-label": label, data: { filter: name }, onchange: (event) => show({ [name]: event.target.value }) },
      options.map(([value, text]) => el("option", { value }, text)));
    return options.length > 2 || name === "sort" ? select : "";
  };
  const all = (word, values) => [["", word], ...values.map((value) => [value, value])];
  const only = [["different", "Different between models"], ["changed", "Changed"]].filter(([word]) => word === "different" ? run.columns.length > 1 : run.compared);
  return el("section", { class: "card cells", "aria-labelledby": "cells" },
    el("div", { class: "tools" },
      el("h2", { id: "cells" }, "Cells"),
      el("input", { type: "search", placeholder: "Search cases, models, findings", "aria-label": "Search cases, models, findings", "aria-keyshortcuts": "/", oninput: (event) => show({ q: event.target.value }) }),
      choose("marker", "Marker", all("Any marker", run.markers)),
      choose("model", "Model", all("Any model", run.models)),
      choose("check", "Check that found something", all("Any check", run.checks)),
      only.map(([word, label]) => el("button", { type: "button", class: "toggle", data: { only: word }, "aria-pressed": "false", onclick: () => show({ only: view.only === word ? "" : word }) }, label)),
      choose("sort", "Order", Object.entries(ORDERS).map(([word, [label]]) => [word, label])),
      el("button", { type: "button", class: "quiet", id: "clear", onclick: () => show({ ...EMPTY, sort: view.sort, cell: view.cell }) }, "Clear")),
    el("p", { class: "dim", id: "counted", role: "status" }),
    el("div", { class: "scroll", id: "matrix", tabindex: "0", role: "region", "aria-labelledby": "cells" }));
}

function drawMatrix() {
  const rows = wantedRows(), shown = rows.reduce((sum, { cells }) => sum + cells.length, 0);
  find("#counted").textContent = shown === run.cells.length ? "" : `${format.count(shown)} of ${format.plural(run.cells.length, "cell")}`;
  const columns = run.columns.map((column, number) => ({ ...column, number })).filter((column) => !view.model || column.model === view.model);
  const body = el("tbody");
  const table = el("table", { class: columns.length > 7 ? "matrix many" : "matrix" }, matrixHead(columns), body);
  find("#matrix").replaceChildren(shown ? table : el("p", { class: "nothing" }, run.cells.length ? "No cell is like that." : "There is none."));
  more?.disconnect();
  let at = 0, group = null;
  const end = el("tr", {}, el("td", { colspan: columns.length + 1 }));
  const next = () => {
    end.remove();
    for (const one of rows.slice(at, at + AT_A_TIME)) {
      if (view.sort === "run" && one.row.group !== group) {
        group = one.row.group;
        body.append(el("tr", { class: "band" }, el("th", { colspan: columns.length + 1, scope: "colgroup" }, group || "cases")));
      }
      body.append(matrixRow(one, columns));
    }
    at += AT_A_TIME;
    if (at < rows.length) { body.append(end); more.observe(end); }
  };
  more = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) { more.unobserve(end); next(); } }, { rootMargin: "1500px" });
  next();
  fitMatrix();
  drawRest = () => { while (at < rows.length && at < 2000) next(); };
}

/** A table that needs no scrolling of its own keeps its head in sight while the page is scrolled. */
function fitMatrix() {
  const box = find("#matrix");
  box.classList.remove("fits");
  box.classList.toggle("fits", box.scrollWidth <= box.clientWidth);
}

addEventListener("resize", fitMatrix);

/** On paper all rows are there, as far as anybody prints them. */
let drawRest = () => {};
addEventListener("beforeprint", () => drawRest());

function matrixHead(columns) {
  const rates = run.cells.some((cell) => cell.rate !== null), beside = run.cells.some((cell) => cell.rate !== null && !cell.alone);
  const spans = [];
  for (const column of columns) {
    if (spans.at(-1)?.model === column.model) spans.at(-1).wide += 1;
    else spans.push({ model: column.model, wide: 1 });
  }
  return el("thead", {},
    el("tr", {}, el("td", { rowspan: 2, class: "unit" }, rates ? `tokens a second${beside ? "; ~ beside other requests" : ""}` : ""), spans.map(({ model, wide }) => el("th", { class: "model", colspan: wide, scope: "colgroup", title: model }, el("span", {}, middle(model, 64))))),
    el("tr", {}, columns.map((column) => el("th", { class: "think", scope: "col" }, thinkName(column.think)))));
}

function matrixRow({ row, cells }, columns) {
  const byColumn = new Map(cells.map((cell) => [cell.column, cell]));
  return el("tr", {},
    el("th", { class: "case", scope: "row", title: `${row.case} ${row.label}\n${row.file}` }, el("span", {}, middle(row.case, 40)), row.label ? el("span", { class: "dim" }, row.label) : ""),
    columns.map((column) => el("td", {}, byColumn.has(column.number) ? tile(byColumn.get(column.number)) : "")));
}

function tile(cell) {
  const several = cell.samples > 1 ? `${cell.passed}/${cell.samples}` : "";
  const rate = cell.rate === null ? "" : `${cell.alone ? "" : "~"}${format.rate(cell.rate)}`;
  const words = [cell.reported[0] === "x" && (cell.verdict === "xfailed" ? "xfail" : "xpass"), cell.escalated && "again"].filter(Boolean);
  const extra = [several && `${cell.passed} of ${cell.samples} samples passed`, rate && `${rate} tokens a second`, cell.change, cell.escalated && "escalated", cell.stored && "a stored answer"].filter(Boolean);
  return el("a", {
    class: `cell ${cell.verdict}`, href: addressOf({ cell: cell.id, tab: "", with: "" }), data: { cell: cell.number },
    "aria-label": [cellName(cell), columnName(run.columns[cell.column]), cell.verdict, ...extra].join(", "),
    title: [cell.reason, ...extra].filter(Boolean).join("\n"),
  },
  el("b", {}, SIGNS[cell.verdict] ?? "?"), words.length ? el("span", {}, words.join(" ")) : "", several ? el("span", {}, several) : "", cell.change in CHANGES ? el("span", { class: `mark ${cell.change}` }, CHANGES[cell.change]) : "", el("small", {}, rate));
}
