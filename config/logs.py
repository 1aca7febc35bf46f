"""Logs: one JSON object a line, with the request's id, and never a body, a query string or a hash."""

import logging
from collections.abc import Iterable
from typing import Any

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def drop_arguments(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Django hangs the request on its records; a request holds the photo."""
    event.pop("request", None)
    event.pop("sql", None)
    event.pop("params", None)
    return event


def drop_exception_values(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The kind of an exception and where it came from are kept; its text may quote a row, an address or a hash."""
    say_no_values(event.get("exception", ()))
    return event


def say_no_values(stacks: Iterable[dict[str, Any]]) -> None:
    for stack in stacks:
        stack["exc_value"] = ""
        stack["exc_notes"] = []
        for inner in stack.get("exceptions", ()):  # of a group
            say_no_values(inner)


class OnlyFaults(logging.Filter):
    """Every request has its line already; of `django.request` only faults, with their tracebacks, say more."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


def logging_settings(level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    drop_arguments,
                    structlog.processors.ExceptionRenderer(
                        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
                    ),
                    drop_exception_values,
                    structlog.processors.JSONRenderer(sort_keys=True),
                ],
            }
        },
        "filters": {"only_faults": {"()": OnlyFaults}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # A line for each run of a task that comes every second would fill a disk and say nothing.
            **{f"celery.{name}": {"level": "WARNING"} for name in ("app.trace", "beat", "worker.strategy")},
            "django": {"level": level},
            "django.request": {"filters": ["only_faults"]},
            "django.db.backends": {"level": "WARNING"},  # its debug lines hold the parameters of queries
        },
    }


def configure_structlog() -> None:
    logging.raiseExceptions = False  # a line that cannot be written would be printed with all that it was to hide
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
