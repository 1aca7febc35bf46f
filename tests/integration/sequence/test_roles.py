"""Two roles: the running service cannot rewrite what it has written down, the owner can migrate."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from psycopg.errors import InsufficientPrivilege

from matching import sequence
from matching.models import Change
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast
from tests.integration.web import ROOT

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def app() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def something(cast: Cast) -> None:
    """A photo with its change and its audit event."""
    assert cast.actor().do("protect", code=random_hash())["in_effect"]


FORBIDDEN = [
    "UPDATE consent_auditevent SET action = 'other'",
    "UPDATE consent_auditevent SET by = gen_random_uuid()",
    "DELETE FROM consent_auditevent",
    "TRUNCATE consent_auditevent",
    "ALTER TABLE consent_auditevent ADD COLUMN more text",
    "DROP TABLE consent_auditevent",
    "DELETE FROM matching_change",
    "UPDATE matching_change SET subject = gen_random_uuid()",
    "UPDATE matching_change SET kind = 'access'",
    "UPDATE matching_change SET created_at = now()",
    "UPDATE matching_change SET id = id + 1000000",
    "TRUNCATE matching_change",
    "ALTER TABLE matching_change DISABLE TRIGGER number_once",
    "DROP TRIGGER number_once ON matching_change",
    "CREATE OR REPLACE FUNCTION matching_change_number_once() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
    "TRUNCATE matching_protection CASCADE",
    "TRUNCATE matching_sequence",
    "ALTER TABLE matching_storedfingerprint DROP COLUMN key_id",
    "CREATE TABLE mine (id int)",
    "DELETE FROM django_migrations",
    "SET session_replication_role = replica",
]


@pytest.mark.usefixtures("something")
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_app_role_may_not(app: psycopg.Connection, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        app.execute(statement)


def test_the_app_role_may_write_an_event_and_number_a_change_once(app: psycopg.Connection, cast: Cast) -> None:
    app.execute(
        "INSERT INTO consent_auditevent (id, at, by, action, subject, facts)"
        " VALUES (gen_random_uuid(), now(), gen_random_uuid(), 'test', gen_random_uuid(), '{}')"
    )
    assert app.execute("SELECT count(*) FROM consent_auditevent").fetchone()
    subject = uuid.uuid4()
    app.execute(
        "INSERT INTO matching_change (kind, subject, created_at) VALUES ('protection', %s, now())", [str(subject)]
    )
    number = 2**40
    app.execute("UPDATE matching_change SET number = %s WHERE subject = %s", [number, str(subject)])
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        app.execute("UPDATE matching_change SET number = %s WHERE subject = %s", [number + 1, str(subject)])


def test_the_owner_can_change_the_schema(owner: psycopg.Connection) -> None:
    owner.execute("ALTER TABLE consent_auditevent ADD COLUMN more text")
    owner.execute("CREATE TABLE another (id int)")


def test_the_two_roles_are_two(app: psycopg.Connection, owner: psycopg.Connection) -> None:
    names = [settings.DATABASES[each]["USER"] for each in ("default", "owner")]
    assert names[0] != names[1]
    for connection, name in ((app, names[0]), (owner, names[1])):
        row = connection.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (name, False)


def test_a_migration_waits_for_no_lock_and_for_no_statement_without_end() -> None:
    options = settings.DATABASES["owner"]["OPTIONS"]["options"]
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], options=options) as connection:
        said = [connection.execute(f"SHOW {name}_timeout").fetchone() for name in ("lock", "statement")]
    assert said == [("10s",), ("5min",)]


@pytest.mark.usefixtures("something")
def test_a_service_that_runs_while_the_rights_are_granted_anew_never_lacks_them(cast: Cast) -> None:
    busy, reader = cast.actors(2)
    reader.do("load")
    busy.tell("hammer")
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    migration = subprocess.Popen(command, cwd=ROOT)
    try:
        while migration.poll() is None:
            assert reader.do("current")
    finally:
        assert migration.wait(60) == 0
    busy.go_on()
    assert busy.answer() > 0
    assert sequence.settled()
    assert not Change.objects.filter(number=None).exists()
