"""What the child process of the embedded engine is told of us."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from pytest_llm.providers.embedded import process
from pytest_llm.providers.embedded.process import LlamaProcess, Load, LoadFailed

SECRETS = ("OPENAI_API_KEY", "LLAMA_API_KEY", "HF_TOKEN", "CUDA_SECRET", "PYTHONSTARTUP", "LLAMA_ARG_SSL_KEY_FILE")
TELLS = """
import os, sys
print("0.00.000.000 E told: %s in %s" % (sorted(os.environ), os.listdir()), file=sys.stderr)
sys.exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="its environment has other names")
def test_the_llama_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "child.py"
    program.write_text(TELLS)
    monkeypatch.setattr(process, "PROGRAM", program)
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(LoadFailed) as caught:
        asyncio.run(LlamaProcess.start(Load("x.gguf", 256, 1), 60))
    said = str(caught.value)
    assert "'CUDA_VISIBLE_DEVICES'" in said
    assert said.endswith("in []")
    assert [name for name in SECRETS if name in said] == []
