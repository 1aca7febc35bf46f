"""The web application for tests of slow clients, which it gives two seconds."""

from config import bodies
from config.rsgi import application  # noqa: F401

bodies.PATIENCE_S = 2.0  # type: ignore[misc]
bodies.SLOWEST = 1024 * 1024  # type: ignore[misc]
