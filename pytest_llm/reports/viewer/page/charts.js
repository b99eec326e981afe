// Bars, lines and spans, drawn as SVG in the colours of the stylesheet.

/** A bar with its number. floor: where a check draws the line. */
function bar(value, most, text, { floor = null, tone = "bar", wide = 150 } = {}) {
  if (value === null || value === undefined) return el("span", { class: "dim" }, "–");
  const scale = (n) => Math.max(0, Math.min(wide, (wide * n) / (most || 1)));
  const missed = floor !== null && value < floor;
  const drawing = svg("svg", { width: wide, height: 14, viewBox: `0 0 ${wide} 14`, "aria-hidden": "true", class: "bar" },
    svg("rect", { x: 0, y: 3, width: wide, height: 8, rx: 4, class: "track" }),
    svg("rect", { x: 0, y: 3, width: Math.max(2, scale(value)), height: 8, rx: 4, class: missed ? "short" : tone }),
    floor !== null && svg("line", { x1: scale(floor), x2: scale(floor), y1: 0, y2: 14, class: "floor" }));
  return el("span", { class: "measure", title: floor === null ? null : `the checks ask for ${format.rate(floor)}` }, drawing, el("span", { class: "number" }, text));
}

/** The verdicts as one ring, with the share that passed in its middle. */
function ring(counts) {
  const total = VERDICTS.reduce((sum, word) => sum + counts[word], 0) || 1;
  const round = 2 * Math.PI * 42;
  let at = 0;
  const arcs = VERDICTS.filter((word) => counts[word]).map((word) => {
    const length = (round * counts[word]) / total;
    const arc = svg("circle", { cx: 50, cy: 50, r: 42, fill: "none", "stroke-width": 11, class: `arc ${word}`, "stroke-dasharray": `${Math.max(0.5, length - (length < round ? 1.5 : 0))} ${round}`, "stroke-dashoffset": -at, transform: "rotate(-90 50 50)" });
    at += length;
    return arc;
  });
  const judged = counts.passed + counts.failed + counts.xfailed;
  const share = judged ? Math.floor((100 * counts.passed) / judged) : null;
  return svg("svg", { viewBox: "0 0 100 100", class: "ring", role: "img", "aria-label": judged ? `${counts.passed} of ${judged} judged cells passed` : "no cell was judged" }, arcs,
    svg("text", { x: 50, y: 56, "text-anchor": "middle", class: "big" }, share === null ? "–" : `${share}%`));
}

const CHECKS = "checks"; // the lanes of what was done here with the answers
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200]; // seconds between two marks

/** When each server was asked what: a line for each question that it had at a time, loads in another colour. */
function spans(servers) {
  const wide = 1200, end = Math.max(...servers.flatMap(({ spans }) => spans.map(([, from, long]) => from + long)), 0.001);
  const x = (seconds) => (wide * seconds) / end;
  const drawing = svg("svg", { class: "spans", role: "img", "aria-label": servers.map(({ server, spans }) => server === CHECKS ? `checks of ${format.plural(spans.length, "answer")}` : `${server}: ${format.plural(spans.length, "answer")}`).join("; ") });
  let y = 0;
  for (const { server, spans } of servers) {
    drawing.append(svg("text", { x: 0, y: y + 11 }, server));
    y += 17;
    const lanes = Math.max(...spans.map(([lane]) => lane)) + 1, high = lanes > 6 ? 6 : 16;
    for (const [lane, from, long, load, number] of spans) {
      const cell = run.cells[number], at = y + lane * (high + 2);
      const group = svg("g", { "data-cell": number }, svg("title", {}, `${cellName(cell)}\n${columnName(run.columns[cell.column])}\n${format.seconds(long)}${load ? `, of these ${format.seconds(load)} load` : ""}`));
      group.append(svg("rect", { x: x(from), y: at, width: Math.max(1, x(long) - 0.7), height: high, rx: 2, class: `arc ${cell.verdict}` }));
      if (load) group.append(svg("rect", { x: x(from), y: at, width: Math.max(1, x(load)), height: high, rx: 2, class: "load" }));
      drawing.append(group);
    }
    y += lanes * (high + 2) + 6;
  }
  const step = STEPS.find((seconds) => end / seconds <= 8) ?? end / 6;
  for (let at = 0; at <= end; at += step) drawing.append(svg("text", { x: x(at), y: y + 10, "text-anchor": at === 0 ? "start" : x(at) > wide - 30 ? "end" : "middle" }, at ? format.seconds(at).replace(/(\.\d*?)0+ s$/, "$1 s").replace(". s", " s") : "0"));
  drawing.setAttribute("viewBox", `0 0 ${wide} ${y + 14}`);
  return drawing;
}

/** A run beside earlier ones: a stack of verdicts each, the newest to the right. */
function trend(points) {
  const wide = 34, high = 84, most = Math.max(...points.map((point) => point.asked), 1);
  const drawing = svg("svg", { viewBox: `0 0 ${points.length * wide} ${high + 18}`, width: points.length * wide, height: high + 18, class: "trend", role: "img", "aria-label": points.map((point) => `${format.day(point.started)}: ${point.counts.passed || 0} of ${point.asked} passed`).join("; ") });
  points.forEach((point, number) => {
    let y = high;
    const group = svg("g", {}, svg("title", {}, `${point.run}\n${format.time(point.started)}${point.commit ? `\n${point.commit}` : ""}\n${VERDICTS.filter((word) => point.counts[word]).map((word) => `${point.counts[word]} ${word}`).join(", ")}`));
    for (const word of VERDICTS) {
      const height = (high * (point.counts[word] || 0)) / most;
      if (!height) continue;
      y -= height;
      group.append(svg("rect", { x: number * wide + 4, y, width: wide - 8, height: Math.max(1.5, height - 1), rx: 2, class: `arc ${word}` }));
    }
    const judged = (point.counts.passed || 0) + (point.counts.failed || 0);
    group.append(svg("text", { x: number * wide + wide / 2, y: high + 13, "text-anchor": "middle", class: number === points.length - 1 ? "now" : "" }, judged ? `${Math.floor((100 * (point.counts.passed || 0)) / judged)}%` : "–"));
    drawing.append(group);
  });
  return drawing;
}
