"""The hooks: a switchboard."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.plugin import carried, exitcode, files, fixture, hookspecs, once, options, outputs
from pytest_llm.plugin.telling import warn_of_collected

_NAMESAKE = "pytest-llm"  # another plugin, whose package has the same name as ours


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Generator[None, object, object]:
    result = yield
    options.refuse_unknown(parser, args)  # others may have declared theirs by now
    return result


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    _refuse_namesake(config)
    config.stash[options.SETTINGS] = options.settings(config)
    config.pluginmanager.register(once, "llm_once")
    config.pluginmanager.register(fixture, "llm_fixture")
    config.addinivalue_line("markers", "modelfile: a Modelfile that is linted")
    if most := config.stash[options.SETTINGS].limit:
        from pytest_llm.plugin.limit import Limit

        config.pluginmanager.register(Limit(most), "llm_limit")
    if (ref := config.getoption("llm_changed", None)) is not None:
        from pytest_llm.plugin.changed import Changed

        config.pluginmanager.register(Changed(config, ref), "llm_changed")
    gate = config.stash[options.SETTINGS].gate
    if (gate.judges or gate.write_baseline) and not hasattr(config, "workerinput"):
        from pytest_llm.plugin.gating import Gate

        config.pluginmanager.register(Gate(config), "llm_gate")
    if not hasattr(config, "workerinput"):
        outputs.check(config)
        if config.getoption("llm_markdown", None) or options.SUMMARY_ENV in os.environ:
            from pytest_llm.plugin import summary

            summary.register(config)
        if options.ANNOTATIONS_ENV in os.environ:
            from pytest_llm.plugin.annotations import Annotations

            config.pluginmanager.register(Annotations(config), "llm_annotations")
    if (file := config.getoption("llm_report", None)) and not hasattr(config, "workerinput"):
        from pytest_llm.plugin.reporting import Report

        config.pluginmanager.register(Report(config, config.invocation_params.dir / file), "llm_report")
    if file := config.getoption("llm_cells", None):
        from pytest_llm.plugin.cells import CellList

        config.pluginmanager.register(CellList(config.invocation_params.dir / file), "llm_cells_file")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> files.OwnFile | None:
    if file_path.name.endswith(options.SUFFIX):
        from pytest_llm.plugin.nodes import PromptFile

        return PromptFile.at(parent, file_path)
    if (file_path.suffix or file_path.name) in options.MODELFILES and files.names(parent.config, file_path):
        from pytest_llm.plugin.modelfiles import ModelfileFile

        return ModelfileFile.at(parent, file_path)
    if file_path.name.endswith(options.MISNAMED):
        said = f"this file is not collected: a case file is called NAME{options.SUFFIX}"
        warn_of_collected(parent.config, said, str(file_path))
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> object:
    if not _has_cells(session) or _hands_out(session):
        return None
    from pytest_llm.plugin import running

    return running.begin(session)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    if not _has_cells(item.session):
        return (yield)
    from pytest_llm.plugin import running

    running.ahead(item)
    result = yield
    running.done(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _has_cells(item.session):
        from pytest_llm.plugin import running

        running.report(item, call, report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_report_to_serializable(
    config: pytest.Config, report: pytest.CollectReport | pytest.TestReport
) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    data = yield
    if data and report.when != "collect" and options.HAS_CELLS in config.stash and hasattr(config, "workerinput"):
        carried.pack(data)
    return data


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_report_from_serializable(data: dict[str, Any]) -> Generator[None, object, object]:
    carried.unpack(data)
    return (yield)


@pytest.hookimpl(specname="pytest_runtest_makereport", tryfirst=True)
def pytest_report_of_an_error(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
    if not call.excinfo or not _has_cells(item.session):
        return None
    from pytest_llm.plugin import running

    return running.report_of_an_error(item, call)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    if _hands_out(session):
        from pytest_llm.plugin import distributed

        distributed.finish(session.config)
    elif _has_cells(session):
        from pytest_llm.plugin.session import session as state

        state(session.config).close()  # nothing that was asked ahead goes on
    gate = session.config.pluginmanager.get_plugin("llm_gate")
    if gate:
        gate.end(int(session.exitstatus))
    result = yield
    for name in options.SUMMARIES:
        if summary := session.config.pluginmanager.get_plugin(name):
            summary.write(gate)
    exitcode.finish(session, gate)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, object, object]:
    if options.HAS_CELLS in terminalreporter.config.stash:
        from pytest_llm.plugin import ending, storing, unknown

        unknown.tell(terminalreporter.config)
        storing.settle(terminalreporter.config)
        ending.tell_of_servers(terminalreporter.config)
    with once.told(terminalreporter):
        result = yield
    if options.HAS_CELLS in terminalreporter.config.stash:
        from pytest_llm.plugin import ending

        ending.show(terminalreporter)
    once.remarks(terminalreporter)
    if gate := terminalreporter.config.pluginmanager.get_plugin("llm_gate"):
        gate.show(terminalreporter)
    if annotations := terminalreporter.config.pluginmanager.get_plugin("llm_annotations"):
        annotations.show(terminalreporter)
    outputs.show(terminalreporter)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    if not _has_cells(session):
        return
    for said in files.not_there(session.config):
        warn_of_collected(session.config, said, "llm_modelfiles")
    if not hasattr(session.config, "workerinput"):
        options.check_environment(session.config)
        return
    from pytest_llm.plugin import running

    running.settle_order(session)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.getoption("llm_cells", None):
        config.option.collectonly = True
    if config.getoption("llm_dry_run", False) and config.pluginmanager.hasplugin("xdist"):
        config.option.numprocesses, config.option.dist, config.option.tx = None, "no", []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if (node := getattr(report, "node", None)) and (report.failed or options.MARK in report.nodeid):
        from pytest_llm.plugin import distributed

        distributed.reported(node.config, report)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    if items and _has_cells(items[0].session):
        from pytest_llm.plugin import running

        running.deselected(items)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    from pytest_llm.plugin import distributed

    distributed.configure_node(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """A usage error in a worker would be a crash there: it is found here, in the process that can say it."""
    from pytest_llm.plugin import distributed

    distributed.told(node)
    if any(options.MARK in id_ for id_ in ids) or distributed.settled(node.config):
        options.check_environment(node.config)
        distributed.collected(node)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_html_results_table_row(report: pytest.TestReport | pytest.CollectReport, cells: list[str]) -> None:
    if options.SUFFIX in report.nodeid:
        from pytest_llm.reports.html import named

        cells[:] = named(cells, report.nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    from pytest_llm.plugin import distributed

    distributed.node_down(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    from pytest_llm.plugin import distributed

    return distributed.make_scheduler(config, log)


def _has_cells(session: pytest.Session) -> bool:
    return options.HAS_CELLS in session.config.stash


def _hands_out(session: pytest.Session) -> bool:
    """Whether it is the controller of pytest-xdist, which runs no item itself."""
    return session.config.pluginmanager.hasplugin("dsession")


def _refuse_namesake(config: pytest.Config) -> None:
    for _, distribution in config.pluginmanager.list_plugin_distinfo():
        if distribution.project_name.lower().replace("_", "-") == _NAMESAKE:
            raise pytest.UsageError(
                f"{_NAMESAKE} is installed beside pytest-llm-cases, and both are a package pytest_llm. Keep one: "
                f"pip uninstall -y {_NAMESAKE} && pip install --force-reinstall --no-deps pytest-llm-cases"
            )
