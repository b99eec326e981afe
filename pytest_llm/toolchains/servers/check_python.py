"""Stays, and compiles what it is sent: TICKET, a tab, {"files": [[name, text]], "imports": whether to name
them} on a line; TICKET, a tab, and {"diagnostics": [...], "imports": [...], "spent": whether a limit was met} back.
"""

import ast
import codecs
import json
import re
import sys
import warnings

# The Python Language Reference, 2.1.4: in the first line, or in the second below a comment or a blank one.
COOKIE = re.compile(r"(?:[ \t\f]*(?:#[^\n]*)?\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")


def declared(text: str) -> tuple[str, int] | None:
    """The encoding that a text says it is in, and the line where; None where it says none, or UTF-8."""
    first, _, rest = text.partition("\n")
    for line, found in ((1, COOKIE.match(first)), (2, COOKIE.match(first + "\n" + rest.partition("\n")[0]))):
        if found:
            plain = re.fullmatch(r"utf[-_]?8", found[1], re.IGNORECASE)
            return None if plain else (found[1], line)
    return None


def saved(text: str, encoding: str) -> bytes:
    """As an editor that heeds the encoding saves it; in UTF-8 where it cannot."""
    try:
        return text.encode("utf-8" if codecs.lookup(encoding).name.startswith("utf-8") else encoding)
    except (LookupError, UnicodeError):
        return text.encode("utf-8", "replace")


def examine(index: int, name: str, text: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    encoding = declared(text)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(saved(text, encoding[0]) if encoding else text, name, "exec", dont_inherit=True)
        except SyntaxError as error:
            line = error.lineno or (encoding[1] if encoding else None)
            found.append({"severity": "error", "message": error.msg, "line": line, "column": error.offset})
        except ValueError as error:  # a NUL character, a lone surrogate
            found.append({"severity": "error", "message": str(error), "line": None, "column": None})
        except (RecursionError, MemoryError, OverflowError):
            message = "nested too deeply for the compiler"
            found.append({"severity": "error", "message": message, "line": None, "column": None, "limit": True})
    for warning in caught:
        message = str(warning.message)
        found.append({"severity": "warning", "message": message, "line": warning.lineno, "column": None})
    return [{"file": index, **item} for item in found]


def expects(node: ast.AST) -> bool:
    """Whether what is imported in a statement may be absent."""
    if isinstance(node, ast.With):
        return any("suppress" in ast.unparse(item.context_expr) for item in node.items)
    return isinstance(node, ast.Try)


def imports(index: int, text: str) -> list[dict[str, object]]:
    """The modules that a text imports, but for what a `try`, or `with suppress`, expects to be absent."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    expected = {id(node) for top in ast.walk(tree) if expects(top) for node in ast.walk(top)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in expected:
            relative = isinstance(node, ast.ImportFrom) and node.level
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
            found += [{"file": index, "module": name, "line": node.lineno} for name in names if not relative]
    return found


for line in sys.stdin.buffer:
    ticket, _, payload = line.decode().partition("\t")
    request = json.loads(payload)
    files = request["files"]
    diagnostics = [item for index, (name, text) in enumerate(files) for item in examine(index, name, text)]
    modules = (
        [one for index, (_, text) in enumerate(files) for one in imports(index, text)] if request["imports"] else []
    )
    spent = any("limit" in item for item in diagnostics)
    sys.stdout.write(f"{ticket}\t{json.dumps({'diagnostics': diagnostics, 'imports': modules, 'spent': spent})}\n")
    sys.stdout.flush()
