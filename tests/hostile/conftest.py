"""Attacks run pytest in pytest, as the acceptance tests do."""

from __future__ import annotations

from tests.acceptance.conftest import bench

__all__ = ["bench"]
