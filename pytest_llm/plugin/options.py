"""The options on the command line and in the ini file, and Settings from what was said."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pytest

from pytest_llm.plugin.gate_settings import gate_settings
from pytest_llm.plugin.option_table import HOST_ENV, OPENAI_URL_ENV, STORE_ENV, TABLE, THINKS
from pytest_llm.plugin.values import apart, choice, ini_value, nearest_of_ours, usage, value_of
from pytest_llm.settings import Settings

SETTINGS = pytest.StashKey[Settings]()
SUFFIX = ".prompt.yaml"
MISNAMED = ".prompt.yml"
MARK = f"{SUFFIX}::"  # what is in a cell's node id and in no other
MODELFILES = (".Modelfile", "Modelfile")  # the suffix of one, and the name that Ollama takes without asking
HAS_CELLS = pytest.StashKey[bool]()
SUMMARY_ENV = "GITHUB_STEP_SUMMARY"  # of GitHub, Gitea, Forgejo: the file to which each step appends
SUMMARIES = ("llm_markdown", "llm_summary")  # the plugins that write a run's summary
ANNOTATIONS_ENV = "GITHUB_ACTIONS"  # set by those runners, whose logs hold annotations
ADDRESSES = {"host": HOST_ENV, "openai_url": OPENAI_URL_ENV}

# A native TOML table holds numbers as such; pytest takes a union of types from 9.2 on.
_NUMBER: Any = str | int | float if pytest.version_tuple >= (9, 2) else "string"
INI_TYPES: dict[str, Any] = {
    "flag": "bool",
    "list": "linelist",
    "seconds": _NUMBER,
    "count": _NUMBER,
    "slots": _NUMBER,
    "size": _NUMBER,
    "share": _NUMBER,
}

CONFIGURING = ("-c", "--config-file", "--rootdir", "-o", "--override-ini")  # pytest's own, each with a value


def add(parser: pytest.Parser) -> None:
    """Declare every option of the table, and its ini twin."""
    group = parser.getgroup("llm", "prompts as test cases (pytest-llm)")
    for option in TABLE:
        if not option.ini_only:
            action = {"flag": "store_true", "list": "append"}.get(option.kind, "store")
            extra = {} if option.kind == "flag" else {"metavar": option.name.rpartition("_")[2].upper()}
            shown = option.help.replace("%", "%%")  # argparse takes it for a format
            group.addoption(option.flag, dest=option.dest, action=action, default=None, help=shown, **extra)
        if option.ini or option.ini_only:
            kind = INI_TYPES.get(option.kind, "string")
            empty: Any = {"flag": False, "list": []}.get(option.kind, "")
            parser.addini(option.ini_name, option.help, type=kind, default=empty)


def refuse_unknown(parser: pytest.Parser, given: Sequence[str]) -> None:
    """Raise pytest.UsageError for a flag like ours that nobody has declared, with the one that was meant."""
    known = [option.flag for option in TABLE if not option.ini_only]
    unlike = {flag for word in given if (flag := word.partition("=")[0]).startswith("--llm-") and flag not in known}
    if not unlike:
        return
    unknown = (word.partition("=")[0] for word in parser.parse_known_and_unknown_args(given)[1])
    if flag := next((flag for flag in unknown if flag in unlike), ""):
        ini = next((o.ini_name for o in TABLE if o.flag == flag), "")
        meant = f": it is {ini} in the ini file" if ini else nearest_of_ours(flag, "--llm-", known)
        raise pytest.UsageError(f"there is no option {flag}{meant} (`pytest --help` has all of them)")


def again(given: Sequence[str]) -> Iterator[str]:
    """Of a command line, the arguments that belong into the command that runs one cell again."""
    ours = {option.flag: option for option in TABLE if not option.ini_only}
    words = iter(given)
    for word in words:
        flag, joined, _ = word.partition("=")
        option = ours.get(flag)
        alone = joined or (option.kind == "flag" if option else flag not in CONFIGURING)
        taken = [word] if alone else [word, *islice(words, 1)]
        if option.again if option else flag in CONFIGURING:
            yield from taken


def settings(config: pytest.Config) -> Settings:
    """The settings of this run. Raises pytest.UsageError where a value is none."""
    cli = {o.name: config.getoption(o.dest, None) for o in TABLE if not o.ini_only}
    ini = {o.name: ini_value(config, o) for o in TABLE if o.ini or o.ini_only}
    value = {o.name: value_of(o, cli.get(o.name), ini.get(o.name)) for o in TABLE}
    for name in ADDRESSES:
        _check_addresses(f"--llm-{name.replace('_', '-')}", name, cli[name])
        _check_addresses(f"llm_{name}", name, ini[name])
    root = config.rootpath
    host, openai = ([said] if (said := os.environ.get(name)) else [] for name in (HOST_ENV, OPENAI_URL_ENV))
    return Settings(
        root=root,
        models=tuple(cli["model"] or ()),
        default_models=tuple(ini["model"]),
        thinks=_thinks("--llm-think", cli["think"]),
        default_thinks=_thinks("llm_think", ini["think"]),
        engine=value["engine"] or None,
        embedded_models=tuple(value["embedded_models"]),
        modelfiles=tuple(root / folder for folder in value["modelfiles"] or ["modelfiles"]),
        hosts=_each_once(cli["host"] or host or ini["host"]),
        host_trusted=bool(cli["host"] or host or not ini["host"]),
        openai_urls=_each_once(cli["openai_url"] or openai or ini["openai_url"]),
        openai_trusted=bool(cli["openai_url"] or openai),
        pull=value["pull"],
        slots=value["slots"],
        check_slots=value["check_slots"],
        by_load=_by_load(value["order"]),
        ahead=value["ahead"],
        connect_timeout=value["connect_timeout"],
        first_byte_timeout=value["first_byte_timeout"],
        silence_timeout=value["silence_timeout"],
        restart_timeout=value["restart_timeout"],
        answer_size=value["answer_size"],
        strict=value["strict"],
        allow_skipped=value["allow_skipped"],
        dry_run=value["dry_run"],
        browser=value["browser"] or "",
        limit=value["limit"],
        stream=value["stream"],
        budget=value["budget"],
        keep_runs=value["keep_runs"],
        gate=gate_settings(config, cli, ini, value),
        system_tokens=value["system_tokens"],
        vram=value["vram"],
        samples=value["samples"],
        stop_early=value["stop_early"],
        **_store(config, cli, ini["store"]),
    )


def _store(config: pytest.Config, cli: Mapping[str, Any], ini: str) -> dict[str, Any]:
    """What is stored where, and whether that is looked at: only a store that was chosen is looked at here."""
    reuse, replay = bool(cli["reuse"]), bool(cli["replay"])
    if reuse and replay:
        raise pytest.UsageError("--llm-reuse asks what is not stored, --llm-replay never asks: give one of them")
    invoked = config.invocation_params.dir
    said = ("--llm-store", cli["store"], invoked), (STORE_ENV, os.environ.get(STORE_ENV), invoked)
    sources = (*said, ("llm_store", ini, config.rootpath))
    named, text, base = next((source for source in sources if source[1]), ("", "", invoked))
    if not text:
        return {"reuse": reuse, "replay": replay}
    from pytest_llm.store.address import NONE, parse

    with usage(named):
        found = parse(text, base)
    if found is None and (reuse or replay):
        raise pytest.UsageError(f"{'--llm-reuse' if reuse else '--llm-replay'} needs a store, and {named} is none")
    trusted = named != "llm_store"
    return {"reuse": reuse, "replay": replay, "store": str(found or NONE), "store_trusted": trusted}


def check_environment(config: pytest.Config) -> None:
    """What the environment says of servers, where nothing else says it. Raises pytest.UsageError.

    Called where there is a prompt file: a run without one has nothing to do with these variables.
    """
    from pytest_llm.providers.ollama.host import extra_headers, openai_key
    from pytest_llm.providers.wire.secrets import HEADERS_ENV

    for name, variable in ADDRESSES.items():
        if not config.getoption(f"llm_{name}", None):
            _check_addresses(variable, name, [os.environ.get(variable, "")])
    with usage(HEADERS_ENV):
        extra_headers()
    with usage("the key"):
        openai_key()


def runs_cells(config: pytest.Config) -> bool:
    """False where the cells are only shown."""
    return not (config.option.collectonly or config.getoption("llm_dry_run", False))


def _check_addresses(said_by: str, name: str, texts: Sequence[str] | None) -> None:
    if not (given := [text for text in texts or () if text]):
        return
    from pytest_llm.providers.ollama.host import ollama_urls, openai_url

    for text in given:
        if "@" not in text and (several := apart(said_by, text)):  # a password may hold a comma
            raise pytest.UsageError(f"{said_by} holds several addresses: {several}")
    with usage(said_by):
        for text in given:
            if name == "host":
                ollama_urls(text, strict=said_by != HOST_ENV)
            else:
                openai_url(text)


def _each_once(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for address in addresses if address))


def _by_load(order: str) -> bool:
    return choice("--llm-order (llm_order)", order, ("load", "pytest")) == "load"


def _thinks(said_by: str, modes: list[str] | None) -> tuple[str, ...]:
    return tuple(choice(said_by, mode, THINKS, repeatable=True) for mode in modes or ())
