"""One app for all tests of this folder that need a server."""

from __future__ import annotations

import pytest

from tests.app.running_app import running_app


@pytest.fixture(scope="session")
def address():
    with running_app() as running:
        yield running
