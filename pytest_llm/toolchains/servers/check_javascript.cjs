// Stays, and parses what it is sent: TICKET, a tab, {"files": [[name, text, kind]]} on a line; TICKET, a tab and
// {"diagnostics": [...], "spent": whether a limit was met} back.
// kind is "module", "script" or "" (a script where it parses as one, else a module).
"use strict";
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");
const readline = require("node:readline");

let decorate = null; // Node's own way of telling where a broken module breaks, where this Node has it
try {
  decorate = require("internal/util").decorateErrorStack;
} catch {}

function attempt(kind, text) {
  try {
    if (kind === "module") new vm.SourceTextModule(text, { identifier: "model.js" });
    // CommonJS files are function bodies: `return` at the top is theirs, `await` is not.
    else vm.compileFunction(text, ["exports", "require", "module", "__filename", "__dirname"], { filename: "model.js" });
    return null;
  } catch (error) {
    if (error instanceof RangeError) return { message: "nested too deeply for the compiler", limit: true };
    return describe(error.message, kind === "module" ? decorated(error, text) : String(error.stack));
  }
}

// The error of a broken module does not tell its line by itself.
function decorated(error, text) {
  if (decorate) decorate(error);
  return /^model\.js:\d+$/m.test(String(error.stack).split("\n")[0]) ? error.stack : afresh(text);
}

// What another Node prints about the file tells it.
function afresh(text) {
  const file = path.join(__dirname, "model.mjs");
  fs.writeFileSync(file, text);
  return spawnSync(process.execPath, ["--check", file], { encoding: "utf8", timeout: 10000 }).stderr;
}

function describe(message, stack) {
  const lines = stack.split("\n");
  const place = /model\.m?js:(\d+)$/.exec(lines[0]);
  const caret = lines.findIndex((line) => /^\s*\^+\s*$/.test(line));
  const column = caret < 0 ? null : lines[caret].indexOf("^") + 1;
  return { message, line: place ? Number(place[1]) : null, column };
}

// Of the two ways to take a text, the one that explains more of it; as a script where that is all the same.
function farther(script, module) {
  return script.line === module.line ? script.column >= module.column : script.line > module.line;
}

function examine([name, text, kind]) {
  if (kind) return attempt(kind, text);
  const script = attempt("script", text);
  if (!script) return null;
  const module = attempt("module", text);
  if (!module) return null;
  return farther(script, module) ? script : module;
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const diagnostics = [];
  const tab = line.indexOf("\t");
  JSON.parse(line.slice(tab + 1)).files.forEach((file, index) => {
    const found = examine(file);
    if (found) diagnostics.push({ file: index, ...found });
  });
  process.stdout.write(line.slice(0, tab + 1) + JSON.stringify({ diagnostics, spent: diagnostics.some((one) => one.limit) }) + "\n");
});
