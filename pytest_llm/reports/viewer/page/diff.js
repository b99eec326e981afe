// Two texts line by line: what is only in the one, what is only in the other.

const DIFF_LINES = 3000;

/** [kind, text] for each line: "same", "gone" (only before), "come" (only after). By Myers' method, within limits. */
function difference(before, after) {
  const a = before.split("\n").slice(0, DIFF_LINES), b = after.split("\n").slice(0, DIFF_LINES);
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = shortest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const same = (lines) => lines.map((line) => ["same", line]);
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

function shortest(a, b) {
  const most = Math.min(a.length + b.length, 1200), paths = [];
  let reach = new Map([[1, 0]]);
  for (let steps = 0; steps <= most; steps += 1) {
    paths.push(new Map(reach));
    for (let k = -steps; k <= steps; k += 2) {
      const down = k === -steps || (k !== steps && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? reach.get(k + 1) ?? 0 : (reach.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) { x += 1; y += 1; }
      reach.set(k, x);
      if (x >= a.length && y >= b.length) return walked(a, b, paths, steps);
    }
  }
  return [...a.map((line) => ["gone", line]), ...b.map((line) => ["come", line])]; // too different to be told apart in time
}

function walked(a, b, paths, steps) {
  const lines = [];
  let x = a.length, y = b.length;
  for (let step = steps; step >= 0; step -= 1) {
    const reach = paths[step], k = x - y;
    const down = k === -step || (k !== step && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1, oldX = reach.get(from) ?? 0, oldY = oldX - from;
    while (x > oldX && y > oldY && x > 0 && y > 0) lines.push(["same", a[(x -= 1, y -= 1, x)]]);
    if (step === 0) break;
    if (down) { y -= 1; lines.push(["come", b[y]]); } else { x -= 1; lines.push(["gone", a[x]]); }
  }
  return lines.reverse();
}

/** The difference as it is shown: unchanged stretches folded to three lines on either side. */
function differenceBox(before, after) {
  const lines = difference(before, after), around = 3;
  const near = lines.map((_, index) => lines.slice(Math.max(0, index - around), index + around + 1).some(([kind]) => kind !== "same"));
  if (!near.some(Boolean)) return el("p", { class: "dim" }, "The two answers are the same.");
  const box = el("div", { class: "code difference", tabindex: "0", role: "group", "aria-label": "what differs" });
  const signs = { same: " ", gone: "−", come: "+" };
  let folded = 0, drawn = 0;
  for (const [index, [kind, text]] of lines.entries()) {
    if (!near[index]) { folded += 1; continue; }
    if (folded) box.append(el("div", { class: "fold" }, `${format.plural(folded, "equal line")}`));
    folded = 0;
    if ((drawn += 1) > 1500) { box.append(el("div", { class: "fold" }, "… and more")); break; }
    box.append(el("div", { class: `line ${kind}` }, el("i", { "aria-hidden": "true" }, signs[kind]), el("code", {}, text.slice(0, WIDE))));
  }
  if (folded) box.append(el("div", { class: "fold" }, `${format.plural(folded, "equal line")}`));
  return box;
}
