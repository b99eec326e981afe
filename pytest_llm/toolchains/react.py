"""React's names: of its types, and of what snippets leave to be imported from it."""

from __future__ import annotations

import re

COMPONENT = "_Component"
DECLARED = (
    f"declare class {COMPONENT} {{ props: any; state: any; context: any; refs: any; "
    "setState(...given: any[]): void; forceUpdate(...given: any[]): void }\n"
)
"""What a component's methods inherit, where React is not here."""
INHERITED = frozenset({"props", "setState", "forceUpdate"})
"""What hardly any other class has."""

_UNKNOWN = re.compile(r"Cannot find (name|namespace) '(\w+)'")
_ELEMENTS = re.compile(r"Namespace '(?:global\.)?JSX' has no exported member")
_IMPORT = re.compile(r"^[ \t]*import\b", re.MULTILINE)
_MARKUP = re.compile(r"</|/>|\bReact\b|\bJSX\b|\buse(?:State|Effect|Ref|Memo|Callback|Context|Reducer)\b")
_TYPES = frozenset({"React", "JSX"})
# What the package exports: react.dev/reference/react, and the types of @types/react that stand without it.
_VALUES = """
React ReactDOM createRoot Children Component Fragment Profiler PureComponent StrictMode Suspense act cache
cloneElement createContext createElement createRef forwardRef isValidElement lazy memo startTransition use
useActionState useCallback useContext useDebugValue useDeferredValue useEffect useId useImperativeHandle
useInsertionEffect useLayoutEffect useMemo useOptimistic useReducer useRef useState useSyncExternalStore
useTransition
"""
_NAMED_TYPES = """
CSSProperties ChangeEvent ClipboardEvent ComponentProps ComponentPropsWithRef ComponentPropsWithoutRef
ComponentType Dispatch FC FormEvent FunctionComponent HTMLAttributes HTMLProps InputHTMLAttributes
ButtonHTMLAttributes JSX ErrorInfo KeyboardEventHandler MouseEventHandler MutableRefObject PropsWithChildren
PropsWithRef ReactElement ReactNode Reducer RefObject SetStateAction SyntheticEvent ForwardedRef ElementType Ref
Key
"""
_EXPORTS = frozenset(_VALUES.split()) | frozenset(_NAMED_TYPES.split())


def absent(message: str, text: str) -> bool:
    """Whether an unknown name is one of React's, which a text without imports leaves out, and its types declare."""
    if _ELEMENTS.match(message):
        return True
    found = _UNKNOWN.search(message)
    if not found or found[2] not in _EXPORTS or not _MARKUP.search(text):
        return False
    return not _IMPORT.search(text) or (found[1] == "namespace" and found[2] in _TYPES)
