"""The end of a run in the terminal: what was wrong with servers, the matrix of its cells."""

from __future__ import annotations

import pytest

from pytest_llm.errors import InputError
from pytest_llm.plugin.exitcode import untested
from pytest_llm.plugin.options import runs_cells
from pytest_llm.plugin.session import session
from pytest_llm.plugin.telling import warn


def tell_of_servers(config: pytest.Config) -> None:
    """Warn of servers that did not do their part."""
    for trouble in session(config).troubles:
        warn(config, trouble, "servers")


def show(reporter: pytest.TerminalReporter) -> None:
    """The matrix, as the run's record has it; with `-q` only why nothing was tested, where that is so."""
    config = reporter.config
    if not runs_cells(config):
        return
    if reporter.verbosity < 0 and not untested(config):
        return
    from pytest_llm.reports.ending import lines, shown
    from pytest_llm.reports.viewer.matrix import matrix
    from pytest_llm.store.record import read

    try:
        cells = read(session(config).record).cells
        made = matrix(cells.values(), shown)
    except InputError:  # it could not be written, which was said
        return
    told = list(lines(made, reporter._tw.fullwidth, whole=reporter.verbosity > 0))
    if told:
        reporter.ensure_newline()
        reporter.section("llm cells")
        for line in told:
            for text, colour in line:
                reporter.write(text, **({colour: True} if colour else {}))
            reporter.write_line("")
