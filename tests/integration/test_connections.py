"""A thread that goes on for ever asks PostgreSQL again after whatever failed in it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import ProgrammingError, close_old_connections, connection, connections, transaction

from matching.connections import settle_connections


@pytest.fixture
def thread(committed: None) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread
        thread.submit(connections.close_all).result()


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return int(cursor.fetchone()[0])


def lose_it_in_a_transaction() -> None:
    """As where autocommit could not be turned on again: Django then takes the next transaction for an outer one's."""
    connection.set_autocommit(False)
    with transaction.atomic():
        connection.close()


def test_a_connection_that_was_lost_in_a_transaction_is_given_up(thread: ThreadPoolExecutor) -> None:
    thread.submit(lose_it_in_a_transaction).result()
    thread.submit(close_old_connections).result()
    with pytest.raises(ProgrammingError, match="atomic block"):
        thread.submit(ask).result()
    thread.submit(settle_connections).result()
    assert thread.submit(ask).result() == 1


def test_one_that_works_is_kept(thread: ThreadPoolExecutor) -> None:
    thread.submit(ask).result()
    before = thread.submit(lambda: connection.connection).result()
    thread.submit(settle_connections).result()
    assert thread.submit(ask).result() == 1
    assert thread.submit(lambda: connection.connection).result() is before
