// What is looked at: search, filters, order, the open cell. All of it stands in the address, so that a link shows
// the same, and the order is also kept for the next report that is opened here.

const EMPTY = { q: "", verdict: "", marker: "", model: "", check: "", only: "", sort: "run", cell: "", tab: "", with: "" };
const ORDERS = {
  run: ["As in the files", null],
  name: ["By name", (row) => `${row.case}\u0000${row.label}`],
  failures: ["Failures first", (row) => -row.cells.filter((cell) => cell.verdict === "failed" || cell.verdict === "error").length],
  slow: ["Slowest first", (row) => -Math.max(...row.cells.map((cell) => cell.seconds))],
  rate: ["Lowest rate first", (row) => Math.min(...row.cells.map((cell) => cell.rate ?? Infinity))],
};
const KEPT = "pytest-llm-report";
let view = { ...EMPTY };

const kept = {
  read() {
    try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
  },
  write(changes) {
    try { localStorage.setItem(KEPT, JSON.stringify({ ...kept.read(), ...changes })); } catch { /* a browser may keep nothing of files */ }
  },
};

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  view = { ...EMPTY, sort: kept.read().sort in ORDERS ? kept.read().sort : "run" };
  for (const name of Object.keys(EMPTY)) if (given.has(name)) view[name] = given.get(name);
  if (!(view.sort in ORDERS)) view.sort = "run";
}

function addressOf(changes) {
  const next = { ...view, ...changes };
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(next)) if (value !== EMPTY[name]) words.set(name, value);
  return `#${words}`;
}

/** Change what is looked at. A cell that is opened or closed is a step that "back" takes back. */
function show(changes) {
  const address = addressOf(changes);
  if ("sort" in changes) kept.write({ sort: changes.sort });
  history["cell" in changes && changes.cell !== view.cell ? "pushState" : "replaceState"](null, "", address);
  follow();
}

/** Whether a cell is among what is looked at. */
function wanted(cell) {
  if (view.verdict && !view.verdict.split(" ").includes(cell.verdict)) return false;
  if (view.marker && !cell.place.markers.includes(view.marker)) return false;
  if (view.model && run.columns[cell.column]?.model !== view.model) return false;
  if (view.check && !cell.checks.includes(view.check)) return false;
  if (view.only === "different" && !cell.place.different) return false;
  if (view.only === "changed" && !cell.change) return false;
  return !view.q || searched(cell).includes(view.q.toLowerCase());
}

function searched(cell) {
  cell.words ??= `${cell.nodeid} ${cell.place.markers.join(" ")} ${cell.reason} ${cell.checks.join(" ")}`.toLowerCase();
  return cell.words;
}

/** The rows that hold a wanted cell, in the chosen order; each with the cells of it that are wanted. */
function wantedRows() {
  const rows = run.rows.map((row) => ({ row, cells: row.cells.filter(wanted) })).filter(({ cells }) => cells.length);
  const key = ORDERS[view.sort][1];
  if (key) {
    const keyed = rows.map((one) => [key(one.row), one]);
    keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return keyed.map(([, one]) => one);
  }
  return rows;
}

const wantedCells = () => wantedRows().flatMap(({ cells }) => [...cells].sort((a, b) => a.column - b.column));
