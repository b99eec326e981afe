"""What CI insists on, and what tox hands on to the tools that the tests use."""

from __future__ import annotations

import configparser
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.helpers.skipping import EVERY_TOOL

ROOT = Path(__file__).parents[2]
SKIPS = """
    import pytest

    @pytest.mark.skipif(True, reason="sudo apt-get install shellcheck")
    def test_mark(): pass

    def test_call(): pytest.skip("TypeScript is not installed (npm install)")

    def test_kernel(): pytest.skip("no control group can be made here")

    def test_no_package(): pytest.skip("there is no .NET SDK (from 8 on)")

    @pytest.mark.xfail(reason="not yet")
    def test_expected(): assert False
    """


@pytest.mark.parametrize(("insists", "outcomes"), [("", {"skipped": 5}), ("1", {"skipped": 2, "failed": 1})])
def test_a_skip_for_want_of_a_tool_fails_where_that_is_asked_for(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, insists: str, outcomes: dict[str, int]
) -> None:
    monkeypatch.setenv(EVERY_TOOL, insists)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest("from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport")
    pytester.makepyfile(test_a=SKIPS, test_b="import pytest\npytest.importorskip('no_such_module')")
    result = pytester.runpytest("-p", "no:cacheprovider", "--continue-on-collection-errors", "-rA")
    errors = {"errors": 2} if insists else {}
    result.assert_outcomes(**outcomes, **errors, xfailed=1)
    if insists:
        result.stdout.fnmatch_lines(
            [f"*{EVERY_TOOL} is set*no_such_module*", "*is set*shellcheck*", "*is set*TypeScript*"]
        )


def test_ci_insists() -> None:
    assert f"{EVERY_TOOL}=1 tox" in (ROOT / ".ci" / "run").read_text()


NAMES = [
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
    "npm_config_cafile",
    "npm_config_https_proxy",
    "PIP_INDEX_URL",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_NATIVE_TLS",
    "CARGO_HOME",
    "CARGO_HTTP_CAINFO",
    "CARGO_NET_OFFLINE",
    "CARGO_SOURCE_CRATES_IO_REPLACE_WITH",
    "DOTNET_ROOT",
    "RUSTUP_HOME",
    "RUSTUP_DIST_SERVER",
    "GOPROXY",
    "GONOPROXY",
    "GONOSUMDB",
    "GONOSUMCHECK",
    "GOPRIVATE",
    "GOINSECURE",
    "GOSUMDB",
    "GOFLAGS",
    "GOPATH",
    "GOMODCACHE",
    "GOTOOLCHAIN",
    "GOROOT",
    "JAVA_HOME",
    "CI",
    "HOME",
    "OLLAMA_HOST",
    "PYTEST_LLM_EVERY_TOOL",
    "PLAYWRIGHT_DOWNLOAD_HOST",
    "XDG_CONFIG_HOME",
]
SECRETS = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_SECRET_ACCESS_KEY",
    "OPENAI_API_KEY",
    "SSH_AUTH_SOCK",
    "NPM_TOKEN",
]


def test_tox_hands_on_what_tools_are_told_of_the_network() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    patterns = tox["testenv"]["pass_env"].split()
    passed = [name for name in [*NAMES, *SECRETS] if any(fnmatchcase(name.upper(), p.upper()) for p in patterns)]
    assert passed == NAMES
