"""What the app role may do, granted by the owner after every migration.

A model that is append-only says so itself: `app_may_update` lists the only columns the running service may change
(often none), and its rows may then not be deleted. Every other table is the app's to write.
"""

from collections.abc import Container
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Model
from psycopg import sql


def rights(model: type[Model], there: Container[str]) -> sql.Composable:
    """On the columns that are `there`: fewer, after a migration backwards."""
    columns = getattr(model, "app_may_update", None)
    if columns is None:
        return sql.SQL("SELECT, INSERT, UPDATE, DELETE")
    names = [sql.Identifier(column) for column in columns if column in there]
    return sql.SQL("SELECT, INSERT{update}").format(
        update=sql.SQL(", UPDATE ({})").format(sql.SQL(", ").join(names)) if names else sql.SQL("")
    )


def grant_app_role(using: str, **_: Any) -> None:
    role, owner = settings.DATABASES["default"]["USER"], settings.DATABASES["owner"]["USER"]
    if role == owner:
        return  # one role only: `manage.py check --deploy` says so
    app = sql.Identifier(role)
    # All at once: a service that is running meanwhile never finds itself without rights.
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(app))
        cursor.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(app))
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(app))
        cursor.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(app))
        tables = connections[using].introspection
        there = set(tables.table_names(cursor))
        for model in apps.get_models(include_auto_created=True):
            if (table := model._meta.db_table) in there:  # noqa: SLF001
                columns = {column.name for column in tables.get_table_description(cursor, table)}
                granted = rights(model, columns)
                cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(granted, sql.Identifier(table), app))
