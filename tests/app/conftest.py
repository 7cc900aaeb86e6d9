"""One app for all tests of this folder that need a server."""

from __future__ import annotations

import pytest

from tests.app.running_app import running_app


@pytest.fixture(scope="session", autouse=True)
def no_runs(tmp_path_factory):
    """Pages made in the test's own process find no model that the checkout has trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROKAEM_RUNS", str(tmp_path_factory.mktemp("no-runs")))
        yield


@pytest.fixture(scope="session")
def address():
    with running_app() as running:
        yield running
