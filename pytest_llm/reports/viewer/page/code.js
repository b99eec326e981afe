// An answer: prose and code, numbered as the answer's own lines, with each finding below the line it speaks of.

const LINES = 400; // of a piece that are drawn at first
const AT_ONCE = 4000; // of a piece that are drawn on demand
const WIDE = 2000; // characters of a line that are drawn at first

/** A text of any length; the rest of a long one on demand. */
function longText(text, className = "text") {
  const most = LINES * 100;
  const box = el("div", { class: className, dir: "auto" }, text.slice(0, most));
  if (text.length > most) box.append(rest(`${format.count(text.length - most)} more characters`, () => box.append(text.slice(most))));
  return box;
}

function rest(label, draw) {
  const button = el("button", { type: "button", class: "quiet more" }, label);
  button.addEventListener("click", () => { button.remove(); draw(); });
  return button;
}

/** The pieces of an answer. findings: those that name a line stand below it. */
function answer(parts, findings) {
  const at = new Map();
  for (const finding of findings) if (finding.line) at.set(finding.line, [...(at.get(finding.line) || []), finding]);
  return parts.map((part) => (part.code ? codePart(part, at) : prosePart(part, at)));
}

function prosePart(part, at) {
  const lines = part.text.split("\n");
  const hit = lines.some((_, index) => at.has(part.line + index));
  if (!hit) return longText(part.text.replace(/^\n+|\s+$/g, ""), "text prose");
  return codePart({ ...part, runs: [], language: "" }, at, "prose");
}

function codePart(part, at, kind = "") {
  const lines = colouredLines(part);
  const body = el("div", { class: "lines" });
  const draw = (from, to) => lines.slice(from, to).forEach((line, index) => {
    const number = part.line + from + index, found = at.get(number) || [];
    body.append(el("div", { class: `line${found.length ? " hit" : ""}`, data: { line: number } }, el("i", { "aria-hidden": "true" }, number), el("code", {}, cutLine(line))));
    for (const finding of found) body.append(el("div", { class: `finding ${finding.severity}` }, finding.message.slice(0, WIDE / 4)));
  });
  const hits = [...at.keys()].filter((number) => number < part.line + lines.length).map((number) => number - part.line + 20);
  const go = (from, most) => {
    draw(from, from + most);
    if (lines.length > from + most) body.append(rest(`${format.count(lines.length - from - most)} more lines`, () => go(from + most, AT_ONCE)));
  };
  go(0, Math.min(AT_ONCE, Math.max(LINES, ...hits)));
  const label = kind ? "" : el("div", { class: "bar-of-code" }, el("span", {}, part.language || "code"), el("span", { class: "dim" }, format.plural(lines.length, "line")), copyButton(() => part.text));
  return el("div", { class: `code ${kind}`, tabindex: "0", role: "group", "aria-label": kind ? "text" : `code, ${part.language || "no language"}` }, label, body);
}

/** The lines of a part, each as [class, text] pairs. runs: lengths and classes in turn. */
function colouredLines({ text, runs }) {
  const lines = [[]];
  const add = (kind, piece) => piece.split("\n").forEach((one, index) => { if (index) lines.push([]); if (one) lines.at(-1).push([kind, one]); });
  let at = 0;
  for (let index = 0; index < runs.length; index += 2) {
    add(run.classes[runs[index + 1]] ?? "", text.slice(at, at + runs[index]));
    at += runs[index];
  }
  add("", text.slice(at));
  if (lines.length > 1 && !lines.at(-1).length) lines.pop();
  return lines;
}

function cutLine(pairs) {
  let left = WIDE, cut = 0;
  const drawn = pairs.map(([kind, text]) => {
    const own = text.slice(0, Math.max(0, left));
    left -= text.length;
    cut += text.length - own.length;
    return own && (kind ? el("span", { class: `t-${kind}` }, own) : own);
  });
  return [drawn, cut ? el("span", { class: "dim" }, ` … and ${format.count(cut)} more characters of this line`) : ""];
}
