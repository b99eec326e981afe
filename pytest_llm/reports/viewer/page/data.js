// The data lies in the file as base64: JSON that was deflated, in blocks; pictures as they are. A block is unpacked
// when something of it is looked at.

const unpacked = new Map();
let run;

async function unpack(name) {
  const packed = atob(document.getElementById(name).textContent);
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

/** All of a cell; number: its place in the run. */
async function cellData(number) {
  const name = `cells-${Math.floor(number / run.block)}`;
  if (!unpacked.has(name)) {
    if (unpacked.size >= 6) unpacked.delete(unpacked.keys().next().value);
    unpacked.set(name, unpack(name));
  }
  return (await unpacked.get(name))[number % run.block];
}

/** A picture of the report; only the kinds that a browser shows without running anything are in it. */
function pictureAddress(place) {
  const element = document.getElementById(`picture-${place}`);
  return element ? `data:${element.type};base64,${element.textContent}` : "";
}

/** What is worked out once: cells know their number, row and column; rows their cells. */
function prepare(data) {
  run = data;
  run.rows.forEach((row, number) => Object.assign(row, { number, cells: [] }));
  run.byId = new Map();
  run.cells.forEach((cell, number) => {
    cell.number = number;
    cell.verdict = cell.reported === "xfailed" ? "xfailed" : cell.outcome;
    cell.place = run.rows[cell.row];
    cell.place.cells.push(cell);
    run.byId.set(cell.id, number);
    run.byId.set(cell.nodeid, number);
  });
  for (const row of run.rows) row.different = new Set(row.cells.map((cell) => cell.verdict)).size > 1;
  run.counts = Object.fromEntries(VERDICTS.map((word) => [word, run.cells.filter((cell) => cell.verdict === word).length]));
  run.models = [...new Set(run.columns.map((column) => column.model))];
  run.markers = [...new Set(run.rows.flatMap((row) => row.markers))].sort();
  run.checks = [...new Set(run.cells.flatMap((cell) => cell.checks))].filter(Boolean).sort();
}

const thinkName = (think) => (run.columns.some((column) => column.think !== "default") ? `think ${think}` : "");
const columnName = (column) => (column ? [column.model, thinkName(column.think)].filter(Boolean).join(", ") : "");
const cellName = (cell) => [cell.place.case, cell.place.label].filter(Boolean).join(" · ");
