// Stays, and type-checks what it is sent; nothing is emitted. argv[2] is the folder of the package `typescript`.
// One line: TICKET, a tab, {"files": [[path, text]], "strict", "lib", "target", "types", "typeRoots", "base"}. One line
// back: TICKET, a tab, {"diagnostics": [...], "spent": whether a limit was met, after which the compiler's own state is not whole}.
"use strict";
const path = require("node:path");
const readline = require("node:readline");
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

const NO_MEMBER = new Set([2339, 2551]); // of what is read
const NO_PROPERTY = new Set([2322, 2353]); // of what is given: an object, a component's attributes
const UNTYPED = new Set([2683, 7006, 7019, 7031]); // `this`, a parameter, where each must have a type
const NOT_MADE = new Set([2554, 2555]); // with so many arguments
const NOT_SUCH = new Set([2349, 2351, 2488]); // to be called, made, gone through
const NO_OVERRIDE = new Set([4112, 4113]);
const LIKE = /^(Partial|Required|Readonly|Pick|Omit)$/; // types that have the members of another
// What a component has of React's class, besides what it defines.
const COMPONENT = new Set(["props", "state", "context", "refs", "setState", "forceUpdate", "render"]);

// Whether something misses a member that it would inherit from what is not here.
function orphaned(checker, diagnostic) {
  if (!diagnostic.file) return false;
  const token = ts.getTokenAtPosition(diagnostic.file, diagnostic.start);
  if (NO_OVERRIDE.has(diagnostic.code)) {
    const heir = ts.findAncestor(token, ts.isClassLike);
    return Boolean(heir) && absentParents(checker, checker.getSymbolAtLocation(heir.name ?? heir) ?? heir.symbol).length > 0;
  }
  if (UNTYPED.has(diagnostic.code)) return givenAway(checker, ts.findAncestor(token, ts.isFunctionLike));
  if (NOT_MADE.has(diagnostic.code)) return madeElsewhere(checker, made(checker, token));
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
  const wanting = /'([^']+)' is missing in type/.exec(message)?.[1] ?? (NOT_SUCH.has(diagnostic.code) ? "" : null);
  if (wanting !== null) return values(checker, token, diagnostic).some((type) => lacks(checker, type, wanting));
  const name = /'([^']+)' does not exist /.exec(message)?.[1];
  if (!name) return false;
  const owners = NO_PROPERTY.has(diagnostic.code) ? taking(checker, token) : NO_MEMBER.has(diagnostic.code) ? holding(checker, token) : [];
  const away = NO_MEMBER.has(diagnostic.code) && ofGivenAway(checker, token);
  return owners.some((type) => (away || lacks(checker, type, name)) && !type.getProperties().some((own) => slip(name, own.name)));
}

// Whether a function is given to what is not here, which would type its parameters.
function givenAway(checker, node) {
  const parent = node?.parent;
  if (!parent || ts.isSourceFile(parent)) return false;
  if (ts.isCallOrNewExpression(parent)) return node !== parent.expression && unknown(checker, parent.expression);
  if (ts.isJsxAttribute(parent)) return unknown(checker, parent.parent.parent.tagName);
  if (ts.isJsxElement(parent)) return unknown(checker, parent.openingElement.tagName);
  if (!ts.isFunctionLike(parent) && parent.type) return unknown(checker, parent.type);
  if (ts.isReturnStatement(parent)) return givenAway(checker, ts.findAncestor(parent, ts.isFunctionLike));
  return !ts.isStatement(parent) && !ts.isClassLike(parent) && givenAway(checker, parent);
}

// Whether something has no type for what is not here: itself, or the parameter that it is read of.
function unknown(checker, node) {
  const type = checker.getTypeAtLocation(node);
  if (type.intrinsicName === "error") return true;
  if (!(type.flags & ts.TypeFlags.Any)) return false;
  while (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) node = node.expression;
  const origin = checker.getSymbolAtLocation(node)?.valueDeclaration;
  const parameter = origin && ts.findAncestor(origin, ts.isParameter);
  return Boolean(parameter) && !parameter.type && givenAway(checker, parameter.parent);
}

// The class of which the call around a token makes something.
function made(checker, token) {
  const call = ts.findAncestor(token, (one) => ts.isCallExpression(one) || ts.isNewExpression(one));
  if (call?.expression.kind !== ts.SyntaxKind.SuperKeyword) return call && ts.isNewExpression(call) ? call.expression : undefined;
  const heir = ts.findAncestor(call, ts.isClassLike);
  return heir && ts.getEffectiveBaseTypeNode(heir)?.expression;
}

// Whether a class, named by an expression, has its constructor from one that is not here.
function madeElsewhere(checker, expression, seen = new Set()) {
  const symbol = expression && checker.getSymbolAtLocation(expression);
  const own = symbol?.declarations?.find(ts.isClassLike);
  if (!own || seen.has(own) || own.members.some(ts.isConstructorDeclaration)) return false;
  const parent = ts.getEffectiveBaseTypeNode(own)?.expression;
  return absentParents(checker, symbol).includes(parent) || madeElsewhere(checker, parent, seen.add(own));
}

// The types of what is used where a token stands, or is given to what is named there; the class that is declared there.
function values(checker, token, { start, length }) {
  let node = token;
  while (node.parent.parent && node.parent.getStart() === start && node.parent.end <= start + length) node = node.parent;
  const { parent } = node;
  const found = [node, parent.initializer, parent.expression, parent.right].filter(Boolean);
  return found.map((one) => checker.getTypeAtLocation(one));
}

// The type of an object, or of a component's attributes, in which a property is given; where all that it asks for is.
function taking(checker, { parent }) {
  const literal = ts.isJsxOpeningElement(parent) ? parent.attributes : ts.isObjectLiteralElement(parent) ? parent.parent : null;
  const type = literal && checker.getContextualType(literal);
  const given = new Set(["children", ...(literal?.properties.map((one) => one.name?.text) ?? [])]);
  const asked = type?.getProperties().filter((one) => !(one.flags & ts.SymbolFlags.Optional)) ?? [];
  return type && (given.has(undefined) || asked.every((one) => given.has(one.name))) ? [type] : [];
}

// Whether a member is read of the `this` of an object that is given away.
function ofGivenAway(checker, { parent }) {
  if (!ts.isPropertyAccessExpression(parent) || parent.expression.kind !== ts.SyntaxKind.ThisKeyword) return false;
  return givenAway(checker, ts.findAncestor(parent, (one) => ts.isFunctionLike(one) && !ts.isArrowFunction(one)));
}

// The types of what a member is read of.
function holding(checker, { parent }) {
  if (ts.isPropertyAccessExpression(parent)) return read(checker, parent.expression, parent.expression);
  if (ts.isBindingElement(parent)) return read(checker, parent.parent, parent.parent.parent.initializer);
  return ts.isIndexedAccessTypeNode(parent.parent) ? [checker.getTypeAtLocation(parent.parent.objectType)] : [];
}

// The type of what a member is read of; where that is the rest of something, of the whole as well.
function read(checker, node, value) {
  const origin = value && checker.getSymbolAtLocation(value)?.valueDeclaration;
  const rest = origin && ts.isBindingElement(origin) && origin.dotDotDotToken;
  return [checker.getTypeAtLocation(node), ...(rest ? [checker.getTypeAtLocation(origin.parent)] : [])];
}

function lacks(checker, type, name) {
  if (type.isUnionOrIntersection()) return type.types.some((one) => lacks(checker, one, name));
  return absentParents(checker, type.symbol).some((parent) => !ofReact(checker, parent) || COMPONENT.has(name));
}

// What a class or an interface, or one above it, extends and is not here.
function absentParents(checker, symbol, seen = new Set()) {
  if (!symbol || seen.has(symbol)) return [];
  seen.add(symbol);
  const clauses = (symbol.declarations || []).flatMap((one) => one.heritageClauses || []);
  const parents = clauses.filter((one) => one.token === ts.SyntaxKind.ExtendsKeyword).flatMap((one) => one.types);
  return parents.flatMap(({ expression, typeArguments }) => {
    const parent = checker.getSymbolAtLocation(expression);
    const origin = LIKE.test(expression.getText()) ? typeArguments?.[0] : expression;
    const any = origin && checker.getTypeAtLocation(origin).flags & ts.TypeFlags.Any;
    return any && !parent?.declarations?.some((one) => one.heritageClauses) ? [expression] : absentParents(checker, parent, seen);
  });
}

function ofReact(checker, expression) {
  if (!/^(React\.)?(Pure)?Component$/.test(expression.getText())) return false;
  const symbol = checker.getSymbolAtLocation(ts.isPropertyAccessExpression(expression) ? expression.expression : expression);
  const origin = symbol?.declarations?.[0];
  return !origin || ts.findAncestor(origin, ts.isImportDeclaration)?.moduleSpecifier.text === "react";
}

// Whether one name is the other with a letter left out or doubled, two exchanged, or in another case. A name with
// something before or behind it may be another's: `value`, `values`.
function slip(one, other) {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  const at = [...long].findIndex((sign, index) => sign !== short[index]);
  if (long.length === short.length)
    return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
  return at > 0 && at < short.length && short.slice(at) === long.slice(at + 1);
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
