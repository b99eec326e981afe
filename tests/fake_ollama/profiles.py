"""What differs from version to version.

0.24.0 and 0.33.0 were compared with recordings of the real servers; 0.12.6 follows the published source alone and
was never seen running.
"""

from __future__ import annotations

from dataclasses import dataclass

LLAMA_SERVER = "llama-server"
VERSIONS = ("0.12.6", "0.24.0", "0.33.0")


@dataclass(frozen=True)
class Profile:
    """One server version, by what it does."""

    version: str

    def since(self, *release: int) -> bool:
        """Whether this version is that release or a later one."""
        if self.version == LLAMA_SERVER:
            return True
        numbers = self.version.split("-")[0].split(".")
        return tuple(int(number) for number in numbers) >= release

    @property
    def llama_server(self) -> bool:
        """Every GGUF file is served by a llama-server process: other texts, other paths."""
        return self.since(0, 30, 0)

    @property
    def repeats(self) -> int:
        """How many equal pieces one after the other end an answer; from 100 on the server says so."""
        return 100 if self.since(0, 34, 0) else 30

    @property
    def named_think_levels(self) -> bool:
        return self.since(0, 17, 7)

    @property
    def role_once(self) -> bool:
        """The OpenAI stream names the role in its first chunk only, and has a chunk of its own for the finish."""
        return self.since(0, 32, 6)

    @property
    def efforts(self) -> dict[str, bool | str]:
        """Values of `reasoning_effort` and the `think` they stand for."""
        levels: dict[str, bool | str] = {"high": "high", "medium": "medium", "low": "low", "none": False}
        if self.since(0, 22, 0):
            levels["max"] = "max"
        if self.since(0, 32, 11):
            levels |= {"minimal": "low", "xhigh": "max", "ultra": "max"}
        return levels

    def bad_effort(self, value: str) -> str:
        if self.since(0, 32, 11):
            names = ["minimal", "low", "medium", "high", "xhigh", "ultra", "max"]
            quoted = f'"{value}"'
        else:
            names = ["high", "medium", "low", *(["max"] if self.since(0, 22, 0) else [])]
            quoted = f"'{value}'"
        listed = ", ".join(f'"{name}"' for name in names)
        return f'invalid reasoning value: {quoted} (must be {listed}, or "none")'
