"""Stays, and compiles what it is sent: TICKET, a tab, {"files": [[name, text]]} on a line; TICKET, a tab, and
{"diagnostics": [...], "spent": whether a limit was met} back.
"""

import json
import sys
import warnings


def examine(index: int, name: str, text: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile(text, name, "exec", dont_inherit=True)
        except SyntaxError as error:
            found.append({"severity": "error", "message": error.msg, "line": error.lineno, "column": error.offset})
        except ValueError as error:  # a NUL character, a lone surrogate
            found.append({"severity": "error", "message": str(error), "line": None, "column": None})
        except (RecursionError, MemoryError, OverflowError):
            message = "nested too deeply for the compiler"
            found.append({"severity": "error", "message": message, "line": None, "column": None, "limit": True})
    for warning in caught:
        message = str(warning.message)
        found.append({"severity": "warning", "message": message, "line": warning.lineno, "column": None})
    return [{"file": index, **item} for item in found]


for line in sys.stdin.buffer:
    ticket, _, payload = line.decode().partition("\t")
    files = json.loads(payload)["files"]
    diagnostics = [item for index, (name, text) in enumerate(files) for item in examine(index, name, text)]
    spent = any("limit" in item for item in diagnostics)
    sys.stdout.write(f"{ticket}\t{json.dumps({'diagnostics': diagnostics, 'spent': spent})}\n")
    sys.stdout.flush()
