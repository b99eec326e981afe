// The keyboard: j and k go through the cells that are looked at, / searches, Enter opens, Esc closes.

/** The cell before or after the open one. */
function stepCell(by) {
  const cells = wantedCells(), at = cells.findIndex((cell) => cell.id === view.cell);
  const next = cells[at + by];
  if (next) show({ cell: next.id, tab: "", with: "" });
}

/** Move among the tiles of the matrix. */
function stepTile(by) {
  const tiles = [...document.querySelectorAll("#matrix a.cell")], at = tiles.indexOf(document.activeElement);
  const next = tiles[at < 0 ? (by > 0 ? 0 : tiles.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const KEYS = {
  j: () => (view.cell ? stepCell(1) : stepTile(1)),
  k: () => (view.cell ? stepCell(-1) : stepTile(-1)),
  "/": () => { if (!view.cell) find(".tools input").focus(); },
  "?": () => find("#help").showModal(),
};

function listenToKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (find("#large").open || find("#help").open || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  dialog().addEventListener("cancel", (event) => { event.preventDefault(); show({ cell: "", tab: "", with: "" }); });
  dialog().addEventListener("click", (event) => { if (event.target === dialog()) show({ cell: "", tab: "", with: "" }); });
}
