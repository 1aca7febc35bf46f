"""Each process of a test run that is spread over several (pytest-xdist) has a PostgreSQL and a Valkey of its own.

A plugin (`-p tests.side_by_side`), since the settings read the environment before any conftest is imported. The first
process keeps the services that the run was given.
"""

import atexit
import contextlib
import os

from config.local.services import temporary_services

if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
    services = contextlib.ExitStack()
    atexit.register(services.close)
    os.environ.update(services.enter_context(temporary_services()))
