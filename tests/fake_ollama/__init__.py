"""One fake Ollama server for all tests and benches: see `FakeOllama`."""

from tests.fake_ollama.admit import Ask
from tests.fake_ollama.clock import RealClock, VirtualClock
from tests.fake_ollama.faults import FAULTS
from tests.fake_ollama.script import Script
from tests.fake_ollama.server import Cancelled, FakeOllama

__all__ = ["FAULTS", "Ask", "Cancelled", "FakeOllama", "RealClock", "Script", "VirtualClock"]
