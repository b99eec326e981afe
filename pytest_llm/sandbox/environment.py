"""What a child process may know of our environment: the one table, and what it means for each kind of child.

Everything else stays here, keys and tokens above all: what a program is not told it cannot tell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal

Kind = Literal["tool", "browser", "llama"]

_COMMON = (
    *("PATH", "HOME", "LANG", r"LC_\w+", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    # without these no program starts on Windows
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA"),
)
_ALLOWED: Mapping[Kind, tuple[str, ...]] = {
    # where a toolchain lies, never how it works: no GOFLAGS, RUSTFLAGS, JAVA_TOOL_OPTIONS, NODE_OPTIONS, CPATH
    "tool": ("GOPATH", "GOROOT", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME", "JAVA_HOME"),
    "browser": ("XDG_RUNTIME_DIR",),
    # which devices llama.cpp computes on, by the names of its backends and their drivers
    "llama": (
        *(r"CUDA_\w+", r"NVIDIA_\w+", r"HIP_\w+", r"ROCR_\w+", r"HSA_\w+", r"GPU_\w+", r"GGML_\w+", r"OMP_\w+"),
        *(r"GOMP_\w+", r"KMP_\w+", r"OPENBLAS_\w+", r"MKL_\w+", r"VK_\w+", r"SYCL_\w+", r"ONEAPI_\w+", r"ZE_\w+"),
        *("XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
    ),
}
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)


def allowed(kind: Kind, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of our environment that a child of this kind gets."""
    pattern = re.compile("|".join((*_COMMON, *_ALLOWED[kind])), re.IGNORECASE if os.name == "nt" else 0)
    given = os.environ if environ is None else environ
    return {name: value for name, value in given.items() if pattern.fullmatch(name) and not _SECRET.search(name)}
