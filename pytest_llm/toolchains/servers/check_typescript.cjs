// Stays, and type-checks what it is sent; nothing is emitted. argv[2] is the folder of the package `typescript`.
// One line {"files": [[path, text]], "strict", "types", "typeRoots", "base"}, one line {"diagnostics": [...]} back.
"use strict";
const path = require("node:path");
const readline = require("node:readline");
const ts = require(process.argv[2]);

const libraries = new Map(); // the files of the standard library and of Node's, parsed once

function settings(request) {
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    jsx: ts.JsxEmit.Preserve,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    strict: request.strict,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    esModuleInterop: true,
    experimentalDecorators: true,
    noUnusedLocals: true,
    types: request.types,
    typeRoots: request.typeRoots,
  };
}

function hostFor(options, own) {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (name, version, ...rest) => {
    if (own.has(name)) return ts.createSourceFile(name, own.get(name), version, true);
    if (!/\/typescript\/lib\/|\/node_modules\/@types\//.test(name)) return read(name, version, ...rest);
    if (!libraries.has(name)) libraries.set(name, read(name, version, ...rest));
    return libraries.get(name);
  };
  const exists = host.fileExists;
  host.fileExists = (name) => own.has(name) || exists(name);
  const content = host.readFile;
  host.readFile = (name) => (own.has(name) ? own.get(name) : content(name));
  host.getCurrentDirectory = () => options.base;
  return host;
}

function describe(diagnostic, names) {
  const file = diagnostic.file ? names.indexOf(diagnostic.file.fileName) : -1;
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, "; ").replace(/\s+/g, " ");
  const common = { code: diagnostic.code, message, error: diagnostic.category === ts.DiagnosticCategory.Error };
  if (file < 0) return { ...common, file: 0, line: null, column: null };
  const place = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
  return { ...common, file, line: place.line + 1, column: place.character + 1 };
}

function examine(request) {
  const own = new Map(request.files.map(([name, text]) => [path.posix.join(request.base, name), text]));
  const options = { ...settings(request), base: request.base };
  const names = [...own.keys()];
  const program = ts.createProgram(names, options, hostFor(options, own));
  const found = names.flatMap((name) => {
    const file = program.getSourceFile(name);
    const syntax = program.getSyntacticDiagnostics(file);
    const all = syntax.length ? syntax : program.getSemanticDiagnostics(file);
    return all.map((one) => ({ ...describe(one, names), syntax: syntax.length > 0 }));
  });
  const general = program.getOptionsDiagnostics().concat(program.getGlobalDiagnostics());
  return { diagnostics: found, broken: general.map((one) => describe(one, names).message) };
}

function answer(line) {
  try {
    return examine(JSON.parse(line));
  } catch (error) {
    return error instanceof RangeError ? { limit: error.message } : { crash: String(error.stack) };
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(JSON.stringify(answer(line)) + "\n");
});
