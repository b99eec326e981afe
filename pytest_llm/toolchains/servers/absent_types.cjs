// Which of the compiler's complaints follow from types that are not here: of classes, of functions, of packages that are
// not installed. argv[2] is the folder of the package `typescript`.
"use strict";
const ts = require(process.argv[2]);

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
  const its = (type) => type.getProperties().some((own) => slip(name, own.name));
  if (NO_PROPERTY.has(diagnostic.code)) return taking(checker, token).some((type) => lacks(checker, type, name) && !its(type));
  if (!NO_MEMBER.has(diagnostic.code)) return false;
  const away = ofGivenAway(checker, token);
  return holding(checker, token).some((type) => (away || lacks(checker, type, name)) && !its(type));
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
  const type = parent.parent;
  return type && ts.isIndexedAccessTypeNode(type) ? [checker.getTypeAtLocation(type.objectType)] : [];
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

module.exports = { orphaned };
