// Stays, and type-checks what it is sent; nothing is emitted. argv[2] is the folder of the package `typescript`.
// One line: TICKET, a tab, {"files": [[path, text]], "strict", "lib", "target", "types", "typeRoots", "base"}. One line
// back: TICKET, a tab, {"diagnostics": [...], "spent": whether a limit was met, after which the compiler's own state is not whole}.
"use strict";
const path = require("node:path");
const readline = require("node:readline");
const { orphaned } = require("./absent_types.cjs");
const ts = require(process.argv[2]);

const libraries = new Map(); // the files of the standard library and of Node's, parsed once

const LIBRARIES = ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"];

// A value of one of the compiler's enumerations, by its name in any case.
function named(table, name) {
  return table[Object.keys(table).find((key) => key.toLowerCase() === name.toLowerCase())];
}

function settings(request) {
  return {
    target: named(ts.ScriptTarget, request.target || "ESNext"),
    module: ts.ModuleKind.Preserve ?? ts.ModuleKind.ESNext, // where it is known, `import a = require("a")` stays
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    jsx: ts.JsxEmit.Preserve,
    allowJs: true,
    lib: (request.lib.length ? request.lib : LIBRARIES).map((name) => `lib.${name.toLowerCase()}.d.ts`),
    strict: request.strict,
    strictNullChecks: request.strict || request.nulls,
    noEmit: true,
    skipLibCheck: false, // only the model's own files are asked for, its declaration files among them
    allowImportingTsExtensions: true,
    esModuleInterop: true,
    experimentalDecorators: request.decorators,
    noUnusedLocals: true,
    types: request.types,
    typeRoots: request.typeRoots,
  };
}

// A file of the model's, without the words by which it would tell the compiler not to look.
function parse(name, text, version) {
  const file = ts.createSourceFile(name, text, version, true);
  file.hasNoDefaultLib = false;
  file.unchecked = file.checkJsDirective && !file.checkJsDirective.enabled ? file.checkJsDirective.range : null;
  file.checkJsDirective = undefined;
  file.hidden = new Map((file.commentDirectives || []).map((one) => [lineOf(file, one.range.pos), one]));
  file.commentDirectives = undefined;
  if (file.externalModuleIndicator === true && file.statements.some(ambient)) file.externalModuleIndicator = undefined;
  if (name.endsWith(`/${DECLARED}`)) file.externalModuleIndicator = undefined;
  return file;
}

// `declare module "name"`: beside imports or exports it adds to that module, in a file without any it describes it.
function ambient(statement) {
  return ts.isModuleDeclaration(statement) && ts.isStringLiteral(statement.name);
}

function lineOf(file, position) {
  return file.getLineAndCharacterOfPosition(position).line;
}

// The folders above a path.
function above(name) {
  const folder = path.posix.dirname(name);
  return folder === name ? [] : [folder, ...above(folder)];
}

function hostFor(options, own) {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (name, version, ...rest) => {
    if (own.has(name)) return parse(name, own.get(name), version);
    if (!/\/typescript\/lib\/|\/node_modules\/@types\//.test(name)) return read(name, version, ...rest);
    const key = `${options.strict} ${options.target} ${name}`; // what is strict is bound otherwise
    if (!libraries.has(key)) libraries.set(key, read(name, version, ...rest));
    return libraries.get(key);
  };
  const exists = host.fileExists;
  host.fileExists = (name) => own.has(name) || exists(name);
  const folders = new Set([...own.keys()].flatMap(above));
  const there = host.directoryExists;
  host.directoryExists = (name) => folders.has(name) || there(name); // no module is looked for where no folder is
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

// The line of the directive (@ts-ignore, @ts-expect-error) that stands above this one: blank lines and comments between.
function directiveAbove(file, line) {
  const starts = file.getLineStarts();
  for (let above = line - 1; above >= 0; above--) {
    if (file.hidden.has(above)) return above;
    const text = file.text.slice(starts[above], starts[above + 1]).trim();
    if (text !== "" && !text.startsWith("//")) return -1;
  }
  return -1;
}

// What every component takes, whatever its props, where React's types are not here to say so; of a class they would
// tell which those are.
const ELEMENTS = `declare namespace JSX {
  interface IntrinsicAttributes { key?: any }
  interface IntrinsicClassAttributes<T> { [name: string]: any }
  interface ElementChildrenAttribute { children: {} }
}`;
const DECLARED = "elements.of.react.d.ts";

function elements(request, options, names) {
  if (!names.some((name) => name.endsWith(".tsx")) || request.files.some(([, text]) => /\bnamespace\s+JSX\b/.test(text))) return [];
  const react = ts.resolveModuleName("react", names[0], options, ts.sys).resolvedModule;
  return react ? [] : [[path.posix.join(request.base, DECLARED), ELEMENTS]];
}

// What directives hide becomes a warning; one that is there to expect an error, and finds none, is an error.
function semantic(program, file, names) {
  const used = new Set();
  const found = program.getSemanticDiagnostics(file).map((one) => {
    const item = { ...describe(one, names), syntax: false, orphaned: orphaned(program.getTypeChecker(), one) };
    const above = one.file === file && file.hidden.size ? directiveAbove(file, lineOf(file, one.start)) : -1;
    if (above < 0) return item;
    used.add(above);
    return { ...item, error: false, message: `hidden by a directive above it: ${item.message}` };
  });
  const at = (code, message, error, range) => {
    const place = file.getLineAndCharacterOfPosition(range.pos);
    const where = { file: names.indexOf(file.fileName), line: place.line + 1, column: place.character + 1 };
    return { code, message, error, ...where, syntax: false };
  };
  for (const [line, one] of file.hidden) {
    if (one.type === ts.CommentDirectiveType.ExpectError && !used.has(line))
      found.push(at(2578, "Unused '@ts-expect-error' directive.", true, one.range));
  }
  if (file.unchecked) found.push(at(0, "'@ts-nocheck' is not obeyed: it would hide every error", false, file.unchecked));
  return found;
}

// Decorators by the standard, and null in any type; as they were before it, and null on its own, where that explains
// more: each is what some write for.
function examine(request) {
  const decorated = request.files.some(([, text]) => /@[A-Za-z_(]/.test(text));
  const ways = [[false, false], [true, false], [false, true], [true, true]];
  let best = null;
  for (const [decorators, nulls] of ways) {
    if ((decorators && !decorated) || (nulls && (request.strict || !best.diagnostics.some(typed)))) continue;
    const said = judge({ ...request, decorators, nulls });
    if (!best || nearer(said, best)) best = said;
    if (!failures(best) || best.diagnostics.some((one) => one.syntax)) break;
  }
  return best;
}

function wrong(one) {
  return one.error && !(one.code >= 6133 && one.code <= 6199); // what is unused
}

// Whether less is wrong, or what is wrong first stands farther on: what is told before it may be its echo.
function nearer(said, best) {
  const less = failures(best) - failures(said);
  return less ? less > 0 : first(said) > first(best);
}

function failures(said) {
  return said.diagnostics.filter(wrong).length;
}

function first(said) {
  return Math.min(...said.diagnostics.filter(wrong).map((one) => (one.line || 0) * 1e6 + (one.column || 0)));
}

// An unknown name, or module, stays one however its types are taken.
const NAMES = new Set([2304, 2305, 2307, 2503, 2552, 2580, 2582, 2591, 2593, 2875, 7016, 7026]);

function typed(one) {
  return wrong(one) && one.code >= 2000 && !NAMES.has(one.code);
}

// At what no engine takes, and the compiler asks of TypeScript alone.
const EARLY = new Set([1103, 1346, 1347, 1499, 1500, 2337, 2392, 2523, 2524, 2660, 2699, 2777, 2778, 2779, 2780, 2781]);

function early(program, names) {
  const found = names.flatMap((name) => program.getSemanticDiagnostics(program.getSourceFile(name)));
  const unknown = (one) => ts.isExportSpecifier(ts.getTokenAtPosition(one.file, one.start).parent) && (one.code === 2304 || one.code === 2552);
  return found.filter((one) => EARLY.has(one.code) || unknown(one)).map((one) => ({ ...describe(one, names), syntax: false, early: true }));
}

function judge(request) {
  const options = { ...settings(request), base: request.base };
  const own = new Map(request.files.map(([name, text]) => [path.posix.join(request.base, name), text]));
  const names = [...own.keys()];
  const more = elements(request, options, names);
  const host = hostFor(options, new Map([...own, ...more]));
  const program = ts.createProgram([...names, ...more.map(([name]) => name)], options, host);
  const found = names.flatMap((name) => {
    const file = program.getSourceFile(name);
    const syntax = program.getSyntacticDiagnostics(file);
    return syntax.length ? syntax.map((one) => ({ ...describe(one, names), syntax: true })) : semantic(program, file, names);
  });
  if (names.every((name) => name.endsWith(".jsx")) && !found.some((one) => one.syntax))
    found.push(...early(ts.createProgram(names, { ...options, checkJs: true }, host), names));
  const general = program.getGlobalDiagnostics().map((one) => ({ ...describe(one, names), syntax: false }));
  const broken = program.getOptionsDiagnostics().map((one) => describe(one, names).message);
  return { diagnostics: found.concat(general), broken };
}

function answer(payload) {
  try {
    return examine(JSON.parse(payload));
  } catch (error) {
    return error instanceof RangeError ? { limit: error.message, spent: true } : { crash: String(error.stack), spent: true };
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const tab = line.indexOf("\t");
  process.stdout.write(line.slice(0, tab + 1) + JSON.stringify(answer(line.slice(tab + 1))) + "\n");
});
