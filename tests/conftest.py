"""Real services for every test: run them by `make test`, which starts temporary ones.

Two ways to the database. `db` (pytest-django) rolls back at the end. `committed` lets a test commit for real, as other
processes must see what it does; nothing is cleaned up, so such a test makes its own photos, people and keys and looks
only at those.
"""

import os
from collections.abc import Iterator

import hypothesis
import pytest


def pytest_configure() -> None:
    if "DATABASE_URL" not in os.environ:
        raise pytest.UsageError("no DATABASE_URL: run the tests by `make test`, which starts services for them")
    hypothesis.settings.register_profile(
        "of a busy machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("of a busy machine")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> None:
    """Migrations on the real database of this run, by the owner; the tests then speak as the app's role."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0, interactive=False)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
