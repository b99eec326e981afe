// A cell, opened over the page: what was asked and answered, what was found, the numbers, and the same cell elsewhere.

let opened = null; // the number of the cell that is drawn, and which of its tabs
const dialog = () => find("#cell");

async function openCell(number) {
  const cell = run.cells[number];
  const key = `${number}/${view.tab}/${view.with}`;
  if (opened === key) return;
  const other = opened?.split("/")[0] !== String(number);
  opened = key;
  const data = await cellData(number);
  if (opened !== key) return; // another one was asked for meanwhile
  const tab = data.tabs[tabOf(cell, data)];
  const box = el("article", { class: "opened", "aria-labelledby": "cell-name" }, cellHead(cell), cellBody(cell, data, tab));
  const scrolled = other ? 0 : find(".body", dialog())?.scrollTop ?? 0;
  dialog().replaceChildren(box);
  if (!dialog().open) dialog().showModal();
  if (other) find("#close", dialog()).focus({ preventScroll: true });
  find(".body", dialog()).scrollTop = scrolled;
  if (view.with) await drawBeside(cell, data, tab);
  document.documentElement.dataset.cell = cell.id;
}

function closeCell() {
  opened = null;
  delete document.documentElement.dataset.cell;
  if (dialog().open) dialog().close();
}

function cellHead(cell) {
  const step = (by, label, sign) => el("button", { type: "button", class: "quiet", title: label, "aria-label": label, "aria-keyshortcuts": by > 0 ? "j" : "k", onclick: () => stepCell(by) }, sign);
  const close = el("button", { type: "button", class: "quiet", id: "close", title: "Close (Esc)", "aria-label": "Close" , onclick: () => show({ cell: "", tab: "", with: "" }) }, "✕");
  return el("header", {},
    el("span", { class: `pill ${cell.verdict}` }, `${SIGNS[cell.verdict] ?? ""} ${cell.reported && cell.reported !== cell.outcome ? cell.reported : cell.outcome}`),
    el("h2", { id: "cell-name" }, cellName(cell)),
    el("span", { class: "dim" }, columnName(run.columns[cell.column])),
    cell.change in CHANGES ? el("span", { class: `change ${cell.change}` }, `${CHANGES[cell.change]} ${cell.change}`) : "",
    el("span", { class: "steps" }, step(-1, "Cell before (k)", "↑"), step(1, "Next cell (j)", "↓"), close));
}

function cellBody(cell, data, tab) {
  return el("div", { class: "body", tabindex: "0", role: "region", "aria-label": "the cell" },
    el("div", { class: "story" },
      cell.reason && !tab ? el("div", { class: "finding error" }, cell.reason) : "",
      data.said.map((line) => el("p", { class: "dim" }, line)),
      tabs(cell, data),
      tab ? questionAndAnswer(cell, data, tab) : ""),
    el("aside", { "aria-label": "numbers and settings" }, aside(cell, data, tab)));
}

/** The tab that is open: the one that was chosen, else the first that tells why the cell did not pass. */
function tabOf(cell, data) {
  if (view.tab !== "") return data.tabs[Number(view.tab)] ? Number(view.tab) : 0;
  return cell.outcome === "passed" ? 0 : Math.max(0, data.tabs.findIndex((tab) => tab.outcome === cell.outcome));
}

function tabs(cell, data) {
  if (data.tabs.length < 2) return "";
  const now = tabOf(cell, data);
  return el("div", { class: "tabs", role: "group", "aria-label": "samples, attempts and stages" },
    data.tabs.map((tab, number) => el("button", { type: "button", class: "tab", "aria-pressed": String(number === now), onclick: () => show({ tab: String(number), with: view.with }) },
      el("span", { class: `dot ${tab.outcome}`, role: "img", "aria-label": tab.outcome }), tab.title || `question ${number + 1}`)),
    data.more ? el("span", { class: "dim" }, `and ${data.more} more`) : "");
}

function questionAndAnswer(cell, data, tab) {
  return [
    findings(tab),
    el("section", { id: "beside", hidden: true }),
    pictures(cell, tab),
    section("Answer", answerBody(tab), tab.text ? copyButton(() => tab.text, "Copy all") : ""),
    tab.judges.map(votes),
    tab.thinking ? el("details", { class: "thinking" }, el("summary", {}, `Thinking, ${format.plural(tab.thinking.length, "character")}`), longText(tab.thinking, "text dim")) : "",
    el("details", { class: "asked" }, el("summary", {}, `What was asked, ${format.plural(tab.messages.length, "message")}`), tab.messages.map(message)),
    el("details", { class: "request" }, el("summary", {}, "The exact request"), requestBody(cell, tab)),
  ];
}

/** What another model said of the answer: each vote with its grade, or why it has none, and its reason. */
function votes({ model, said }) {
  const row = ([grade, reason], number) => el("li", {}, el("span", { class: "dim" }, `vote ${number + 1}`), el("span", { class: "chip" }, grade), longText(reason, "message"));
  return section(`What ${middle(model)} says of it`, el("ul", { class: "plain votes" }, said.map(row)));
}

const section = (title, body, ...more) => el("section", {}, el("div", { class: "title" }, el("h3", {}, title), ...more), body);

const RANKS = ["failure", "error", "skip", "warning", "note"];

function findings(tab) {
  const sorted = [...tab.findings].sort((a, b) => RANKS.indexOf(a.severity) - RANKS.indexOf(b.severity));
  return el("div", { class: "findings" }, sorted.map((finding) => el("div", { class: `finding ${finding.severity}` },
    el("div", { class: "what" }, el("b", {}, finding.check), place(finding), finding.severity === "failure" ? "" : el("span", { class: "chip" }, finding.severity)),
    longText(finding.message, "message"),
    finding.details ? el("details", {}, el("summary", {}, "more"), longText(finding.details, "text mono")) : "")));
}

function place(finding) {
  if (!finding.line) return "";
  const text = `line ${finding.line}${finding.column ? `, column ${finding.column}` : ""}`;
  const go = () => {
    const line = [...dialog().querySelectorAll(".line")].find((one) => one.dataset.line === String(finding.line));
    line?.scrollIntoView({ block: "center" });
  };
  return el("button", { type: "button", class: "quiet", onclick: go }, text);
}

function answerBody(tab) {
  if (!tab.answered) return el("p", { class: "dim" }, "No answer came.");
  const ended = tab.finish && tab.finish !== "stop" ? el("p", { class: "dim" }, `It ended with ${tab.finish}.`) : "";
  const calls = tab.calls.map((call) => el("div", { class: "code" }, el("div", { class: "line" }, longText(call, "mono"))));
  return [tab.parts.length ? answer(tab.parts, tab.findings) : el("p", { class: "dim" }, "It is empty."), calls, ended];
}

function message([role, content]) {
  return el("div", { class: `asked-by ${["system", "user", "assistant"].includes(role) ? role : ""}` }, el("div", { class: "dim" }, role), longText(content));
}

function requestBody(cell, tab) {
  const command = `${tab.curl}\n${tab.request}\nJSON`;
  const again = tab.curl ? [el("div", { class: "title" }, el("h3", {}, "Ask it again"), copyButton(() => command)), longText(command, "text mono boxed")] : el("p", { class: "dim" }, "It went to no server, so there is no command that asks it but pytest itself.");
  return [el("div", { class: "title" }, el("h3", {}, "Body"), copyButton(() => tab.request), el("button", { type: "button", class: "quiet", onclick: () => save(`${fileName(cell.id)}.json`, "application/json", tab.request) }, "Save")), longText(tab.request, "text mono boxed"), again];
}

function pictures(cell, tab) {
  const images = tab.pictures.map(([label, place]) => {
    const image = el("img", { src: pictureAddress(place), alt: `${label} of the page`, decoding: "async" });
    return el("button", { type: "button", class: "picture", "aria-label": `${label} in full size`, onclick: () => enlarge(pictureAddress(place), label) }, image, el("span", { class: "dim" }, label));
  });
  const page = tab.page === null ? "" : el("button", { type: "button", class: "quiet", title: "It is saved in a file that wraps it in a frame, where it can run and fetch nothing", onclick: () => save(`${fileName(cell.id)}.html`, "text/html", wrapped(tab.page, cell.id)) }, "Save the page");
  const files = tab.files.map(([label, name]) => el("p", { class: "dim" }, `${label}: `, el("code", {}, name)));
  if (!images.length && !page && !files.length) return "";
  return section("Page", [el("div", { class: "pictures" }, images), files], page);
}

function enlarge(address, label) {
  const large = find("#large");
  large.setAttribute("aria-label", label);
  large.replaceChildren(el("button", { type: "button", class: "picture", "aria-label": "Close", onclick: () => large.close() }, el("img", { src: address, alt: label })));
  large.showModal();
}

/** A file that shows a page which a model wrote: in a frame of no origin, with a policy by which it fetches nothing. */
function wrapped(page, name) {
  const quoted = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
  const policy = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:; worker-src blob: data:; frame-src 'none'; base-uri 'none'; form-action 'none'; webrtc 'block'";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta http-equiv="x-dns-prefetch-control" content="off"><title>${quoted(name)}</title>
<style>html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; display: block }</style></head>
<body><iframe sandbox="allow-scripts" title="${quoted(name)}" srcdoc="${quoted(page)}"></iframe></body></html>
`;
}

const UNITS = { rate: format.rate, count: format.count, seconds: format.seconds, moment: format.moment };
const pairs = (list) => el("dl", { class: "pairs" }, list.map(([name, value, unit]) => [el("dt", {}, name), el("dd", {}, unit ? UNITS[unit](value) : String(value))]));

function aside(cell, data, tab) {
  const commands = [["Run it", data.again], ["Show it", data.show]].map(([label, text]) => el("div", { class: "command" }, el("div", { class: "title" }, el("span", { class: "dim" }, label), copyButton(() => text)), longText(text, "mono")));
  return [
    el("h3", {}, "Numbers"), tab?.numbers.length ? pairs(tab.numbers) : el("p", { class: "dim" }, "none"),
    tab?.remarks.map((remark) => el("p", { class: "dim remark" }, remark)),
    checksList(data, tab),
    elsewhere(cell, data),
    tab?.made_by.length ? [el("h3", {}, "Answered by"), pairs(tab.made_by)] : "",
    el("h3", {}, "Cell"), pairs(data.facts),
    commands,
  ];
}

function checksList(data, tab) {
  if (!data.checks.length) return "";
  const bad = new Set((tab?.findings || []).filter((one) => one.severity === "failure" || one.severity === "error").map((one) => one.check));
  return [el("h3", {}, "Checks"), el("ul", { class: "plain" }, data.checks.map(([name, label, stage]) => el("li", {}, el("span", { class: `sign ${bad.has(name) ? "failed" : "passed"}` }, bad.has(name) ? SIGNS.failed : SIGNS.passed), el("span", { class: "name" }, label), stage ? el("span", { class: "dim" }, stage) : "")))];
}

/** The same case in other columns, in other rows of it, and in the earlier run. */
function elsewhere(cell, data) {
  const others = cell.place.cells.filter((one) => one !== cell);
  const near = run.cells.filter((one) => one !== cell && one.place !== cell.place && one.place.case === cell.place.case && one.place.file === cell.place.file && one.column === cell.column);
  const beside = (id, label) => el("button", { type: "button", class: "toggle", "aria-pressed": String(view.with === id), "aria-label": `${label}: what differs`, onclick: () => show({ with: view.with === id ? "" : id }) }, "diff");
  const entry = (one) => el("li", {}, cellLink(one), beside(one.id, columnName(run.columns[one.column])));
  const before = data.before ? el("li", {}, el("span", { class: `dot ${data.before.outcome}`, role: "img", "aria-label": data.before.outcome }), el("span", { class: "name" }, `earlier: ${data.before.run}`), data.before.text ? beside("before", "the earlier run") : "") : "";
  if (!others.length && !near.length && !before) return "";
  return [el("h3", {}, "The same elsewhere"), el("ul", { class: "plain elsewhere" }, before, [...others, ...near].slice(0, 40).map(entry))];
}

async function drawBeside(cell, data, tab) {
  const number = run.byId.get(view.with);
  if (!tab || (view.with === "before" ? !data.before : number === undefined)) return;
  const other = view.with === "before" ? data.before : (await cellData(number)).tabs[tabOf(cell, data)] ?? (await cellData(number)).tabs[0];
  const name = view.with === "before" ? `run ${data.before.run}` : `${cellName(run.cells[number])}, ${columnName(run.columns[run.cells[number].column])}`;
  const box = find("#beside", dialog());
  if (!box || !other) return;
  box.hidden = false;
  const outcome = view.with === "before" ? data.before.outcome : other.outcome;
  box.replaceChildren(el("div", { class: "title" }, el("h3", {}, "Beside"), el("span", { class: `dot ${outcome}`, role: "img", "aria-label": outcome }), el("span", {}, name)), picturesBeside(other, tab), numbersBeside(other.numbers, tab.numbers), differenceBox(other.text, tab.text));
  box.scrollIntoView({ block: "nearest" });
}

/** The first picture of each, where both have one. */
function picturesBeside(other, tab) {
  if (!other.pictures?.length || !tab.pictures.length) return "";
  const one = ([, place], label) => el("div", { class: "picture" }, el("img", { src: pictureAddress(place), alt: `the page ${label}` }), el("span", { class: "dim" }, label));
  return el("div", { class: "pictures two" }, one(other.pictures[0], "there"), one(tab.pictures[0], "here"));
}

function numbersBeside(before, now) {
  const names = [...new Set([...now, ...before].map(([name]) => name))];
  const value = (list, name) => { const found = list.find(([one]) => one === name); return found ? UNITS[found[2]](found[1]) : "–"; };
  return el("table", { class: "beside" }, el("thead", {}, el("tr", {}, ["", "there", "here"].map((word) => el(word ? "th" : "td", word ? { scope: "col" } : {}, word)))), el("tbody", {}, names.slice(0, 6).map((name) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value(before, name)), el("td", {}, value(now, name))))));
}
