"""Which of TypeScript's errors follow from what is not here: packages, types of the platform, files not shown."""

from __future__ import annotations

import re

from pytest_llm.toolchains import react
from pytest_llm.toolchains.base import Snippet

_MODULE = frozenset({2307, 2664, 2792, 7016, 2875, 7026})
_NODE = frozenset({2580, 2591})  # `require`, `process`, `Buffer`: the types of Node are not here
_GLOBALS = frozenset({2581, 2592, 2867, 2868})  # `$`, `Bun`: nor are jQuery's and Bun's
_TESTED = frozenset({2582, 2593})  # `describe`, `it`, `test`: the types of a test runner are not here
# What runners of tests have besides (jest, vitest, mocha, jasmine, cypress); Deno, extensions of a browser, Vue's
# compiler.
_ELSEWHERE = re.compile(
    r"Cannot (?:find name|find namespace|use namespace) '(?:(?:before|after)(?:Each|All)?|x?context|cy|Cypress"
    r"|chai|expect|f(?:describe|it)|x(?:describe|it|test|specify)|jasmine|jest|spyOn|specify|suite(?:Setup|Teardown)?"
    r"|vi|vitest|assertType|expectTypeOf|onTest(?:Failed|Finished)|Deno|browser|chrome"
    r"|define(?:Props|Emits|Expose|Model|Options|Slots)|withDefaults)'"
)
# What bundlers and runtimes add to `import.meta`.
_META = re.compile(
    r"Property '(?:dir|dirname|env|file|filename|glob|globEager|hot|main|path|require|vitest|webpack|webpackHot)'"
    r" does not exist on type 'ImportMeta'"
)
_NODE_WORDS = re.compile(
    r"\b(?:require|process|Buffer|__dirname|__filename|NodeJS|global|(?:set|clear)Immediate|module\.exports"
    r"|import\.meta\.(?:dir|file)name)\b|\bexports\."
    r"|['\"](?:node:[\w/]+|(?:assert|async_hooks|buffer|child_process|cluster|console|constants|crypto"
    r"|dgram|diagnostics_channel|dns|domain|events|fs|http|http2|https|inspector|module|net|os|path|perf_hooks|process"
    r"|punycode|querystring|readline|repl|stream|string_decoder|timers|tls|trace_events|tty|url|util|v8|vm|wasi"
    r"|worker_threads|zlib)(?:/(?:promises|posix|win32|strict|web|consumers|types))?)['\"]"
)
_FILES = (
    "css less sass scss styl pcss svg png jpe?g gif webp avif ico bmp mp[34] webm ogg wav woff2? ttf otf pdf json5?"
    " txt mdx? html? xml csv ya?ml toml graphql gql vue svelte astro wasm glsl vert frag wgsl"
)
_OTHER_FILE = re.compile(rf"module '[^']+\.(?:{'|'.join(_FILES.split())})(?:\?[^']*)?'")  # that a bundler reads


def asks_for_node(file: Snippet) -> bool:
    """Whether a text needs the types of Node."""
    return bool(_NODE_WORDS.search(file.text))


def absent(code: int, message: str, text: str, *, alone: bool) -> bool:
    """Whether an error is owed to what is not here. alone: the text is all that is shown, so that a file beside it,
    which it imports, is one that is not shown.
    """
    if code in _MODULE:
        return alone or bool(_OTHER_FILE.search(message)) or not re.search(r"module '\.{0,2}/", message)
    return (
        code in _NODE | _TESTED | _GLOBALS
        or bool(_ELSEWHERE.match(message) or _META.match(message))
        or react.absent(message, text)
    )
