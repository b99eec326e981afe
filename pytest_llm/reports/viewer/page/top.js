// The first page above the matrix: what the run was, whether it is well, what changed, what fails, how fast it was.

function drawTop() {
  const main = find("main");
  const cards = [failuresCard(), changesCard(), trendCard()].filter(Boolean);
  main.append(
    hero(),
    cards.length ? el("div", { class: "cards" }, cards) : "",
    modelsCard(),
    matrixCard(),
    timelineCard() ?? "",
  );
}

function hero() {
  const { counts } = run, judged = counts.passed + counts.failed + counts.xfailed;
  const said = !run.cells.length ? "No cell was run" : judged === 0 ? `None of ${format.plural(run.cells.length, "cell")} was judged` : judged === run.cells.length
    ? `${format.count(counts.passed)} of ${format.plural(run.cells.length, "cell")} passed`
    : `${format.count(counts.passed)} of ${format.plural(judged, "judged cell")} passed`;
  const word = run.word ? el("span", { class: `pill word ${run.word}` }, run.word) : "";
  return el("header", { class: "hero" },
    ring(counts),
    el("div", { class: "said" },
      el("h1", {}, said, " ", word),
      run.because ? el("p", { class: "because" }, run.because) : "",
      el("p", { class: "dim facts" }, heroFacts().map((fact) => el("span", {}, fact))),
      run.gate.length ? el("details", { class: "gate" }, el("summary", {}, "What the gate says"), el("pre", {}, run.gate.join("\n"))) : "",
      madeWith()),
    el("div", { class: "tiles", role: "group", "aria-label": "Filter by verdict" }, VERDICTS.filter((word) => word !== "xfailed" || counts.xfailed).map(verdictTile)));
}

function heroFacts() {
  const tokens = run.cells.reduce((sum, cell) => sum + cell.tokens, 0);
  const from = run.started ? Date.parse(run.started) : NaN, to = run.ended ? Date.parse(run.ended) : NaN;
  return [
    format.time(run.started),
    run.branch || run.commit ? `${run.branch}${run.commit ? ` @ ${run.commit.slice(0, 9)}` : ""}` : "",
    format.plural(run.models.length, "model"),
    to > from ? format.seconds((to - from) / 1000) : "",
    tokens ? `${format.count(tokens)} tokens` : "",
    run.missing ? `${format.plural(run.missing, "cell")} not run` : "",
  ].filter(Boolean);
}

function madeWith() {
  return el("details", { class: "made" }, el("summary", {}, "Made with"),
    el("dl", { class: "pairs" }, run.facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]), el("dt", {}, "run"), el("dd", {}, run.run)));
}

function verdictTile(word) {
  return el("button", { type: "button", class: `tile ${run.counts[word] ? word : "none"}`, data: { verdict: word }, "aria-pressed": "false", onclick: () => toggleVerdict(word) },
    el("b", {}, format.count(run.counts[word])), el("span", {}, word));
}

function toggleVerdict(word) {
  const chosen = new Set(view.verdict.split(" ").filter(Boolean));
  chosen.has(word) ? chosen.delete(word) : chosen.add(word);
  show({ verdict: VERDICTS.filter((one) => chosen.has(one)).join(" ") });
}

const card = (title, id, ...body) => el("section", { class: "card", "aria-labelledby": id }, el("h2", { id }, title), ...body);

/** A link to a cell; what is open stays in the address beside it. */
function cellLink(cell, ...more) {
  return el("a", { href: addressOf({ cell: cell.id, tab: "", with: "" }), data: { cell: cell.number } },
    el("span", { class: `dot ${cell.verdict}`, role: "img", "aria-label": cell.verdict }), el("span", { class: "who" }, el("span", { class: "name" }, cellName(cell)), " ", el("span", { class: "dim" }, columnName(run.columns[cell.column]))), ...more);
}

/** The first few of a list; the others on demand. */
function capped(items, most, draw) {
  const list = el("ul", { class: "plain" }, items.slice(0, most).map((item) => el("li", {}, draw(item))));
  if (items.length > most) {
    const button = el("button", { type: "button", class: "quiet more" }, `${format.count(items.length - most)} more`);
    button.addEventListener("click", () => { list.append(...items.slice(most, most + 500).map((item) => el("li", {}, draw(item)))); button.remove(); });
    return [list, button];
  }
  return [list];
}

const COUNTED = { error: "error", skip: "skipped" };
const WHY = { failed: "Why cells fail", error: "Why cells could not be judged", skipped: "Why cells were skipped" };
const MOST_COLUMNS = 12; // that are shown before the cells at once

function failuresCard() {
  if (!run.groups.length) return null;
  const draw = (group) => el("details", { class: "group" },
    el("summary", {},
      el("span", { class: `count ${COUNTED[group.severity] ?? "failed"}` }, format.count(group.cells.length)),
      el("span", { class: "message" }, group.message.split("\n")[0]),
      group.check ? el("span", { class: "chip" }, group.check) : ""),
    ...capped(group.cells.map((number) => run.cells[number]), 12, (cell) => cellLink(cell)));
  const kinds = new Set(run.groups.map((group) => COUNTED[group.severity] ?? "failed"));
  return card(kinds.size > 1 ? "Why cells did not pass" : WHY[[...kinds][0]], "failures", ...capped(run.groups, 5, draw));
}

function changesCard() {
  if (!run.compared) return null;
  const order = Object.keys(CHANGES);
  const changed = run.cells.filter((cell) => cell.change).sort((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
  const none = el("p", { class: "dim" }, "Nothing changed.");
  const gone = run.gone.length ? el("details", {}, el("summary", {}, `${format.plural(run.gone.length, "cell")} without a verdict now`), ...capped(run.gone, 20, ([id, state]) => [el("span", { class: "name" }, id), el("span", { class: "dim" }, state)])) : "";
  const counted = order.map((word) => [word, changed.filter((cell) => cell.change === word).length]).filter(([, n]) => n);
  return card("What changed", "changes",
    el("p", { class: "dim" }, `beside ${run.compared}`),
    el("p", { class: "changes" }, counted.map(([word, n]) => el("span", { class: `change ${word}` }, `${CHANGES[word]} ${n} ${word}`))),
    ...(changed.length ? capped(changed, 5, (cell) => cellLink(cell, el("span", { class: `change ${cell.change}`, title: cell.change, role: "img", "aria-label": cell.change }, CHANGES[cell.change]))) : [none]), gone);
}

function trendCard() {
  if (run.trend.length < 2) return null;
  return card("Last runs", "trend", el("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "trend" }, trend(run.trend)));
}

function timelineCard() {
  if (!run.timeline.length) return null;
  const verdicts = VERDICTS.filter((word) => word === "passed" || run.counts[word]).map((word) => [word, `arc ${word}`]);
  const legend = [...verdicts, ["load of the model", "load"]].map(([label, kind]) => el("span", {}, svg("svg", { width: 10, height: 10, "aria-hidden": "true" }, svg("rect", { width: 10, height: 10, rx: 2, class: kind })), ` ${label}`));
  return card("When what was asked and checked", "timeline", el("p", { class: "dim legend" }, legend), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "timeline" }, spans(run.timeline)));
}

function modelsCard() {
  const most = (name) => Math.max(...run.columns.map((column) => column[name] ?? 0), 1e-9);
  const [rate, first, load] = ["rate", "first", "load"].map(most);
  const modes = new Set(run.columns.map((column) => column.think)).size > 1;
  const head = ["Model", modes ? "Think" : "", "Passed", "Tokens a second", "First token", "Load", "Thinking", "Tokens"];
  const rows = run.columns.map((column, number) => {
    const repeated = number && run.columns[number - 1].model === column.model;
    return el("tr", { class: repeated ? "" : "first" },
      el("th", { scope: "row", title: column.model }, repeated ? el("span", { class: "away" }, column.model) : middle(column.model, 36)),
      modes ? el("td", {}, column.think) : "",
      el("td", {}, passedBar(column)),
      el("td", {}, bar(column.rate, Math.max(rate, column.floor ?? 0), column.rate === null ? "" : format.rate(column.rate), { floor: column.floor })),
      el("td", {}, bar(column.first, first, column.first === null ? "" : format.seconds(column.first), { tone: "soft", wide: 80 })),
      el("td", {}, bar(column.load, load, column.load === null ? "" : format.seconds(column.load), { tone: "soft", wide: 80 })),
      el("td", {}, bar(column.thinking, 1, column.thinking === null ? "" : format.share(column.thinking), { tone: "think", wide: 80 })),
      el("td", { class: "number" }, column.tokens ? format.count(column.tokens) : "–"));
  });
  const body = el("tbody", {}, rows.slice(0, MOST_COLUMNS));
  const rest = rows.slice(MOST_COLUMNS);
  const button = rest.length ? el("button", { type: "button", class: "quiet more", onclick: () => { body.append(...rest); button.remove(); } }, `${format.count(rest.length)} more`) : "";
  if (!rows.length) return "";
  return card("Models", "models",
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "models" },
      el("table", { class: "models" }, el("thead", {}, el("tr", {}, head.filter(Boolean).map((word) => el("th", { scope: "col" }, word)))), body)), button);
}

function passedBar(column) {
  if (!column.judged) return el("span", { class: "dim" }, "–");
  return bar(column.passed, column.judged, `${column.passed} of ${column.judged}`, { tone: "good", wide: 90 });
}
