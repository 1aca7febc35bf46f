import uuid

from django.db import migrations, models
from django.db.models.functions import Now

from matching.sequence import HISTORY


class Migration(migrations.Migration):
    dependencies = [("matching", "0011_webhooks")]

    operations = [
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("person.erased", "Person Erased"),
                            ("photo.erased", "Photo Erased"),
                            ("photo.withdrawn", "Photo Withdrawn"),
                            ("photo.restored", "Photo Restored"),
                            ("photo.details_dropped", "Details Dropped"),
                            ("exclusion.withdrawn", "Exclusion Withdrawn"),
                            ("key.revoked", "Key Revoked"),
                        ],
                        max_length=32,
                    ),
                ),
                ("subject", models.UUIDField()),
                ("at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="ledger_entry_kind_known",
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "person.erased",
                                    "photo.erased",
                                    "photo.withdrawn",
                                    "photo.restored",
                                    "photo.details_dropped",
                                    "exclusion.withdrawn",
                                    "key.revoked",
                                ],
                            )
                        ),
                    )
                ]
            },
        ),
        migrations.AddField(
            model_name="sequence", name="complete", field=models.BooleanField(db_default=True, default=True)
        ),
        migrations.AddField(
            model_name="sequence",
            name="history",
            field=models.CharField(default="", editable=False, max_length=32),
            preserve_default=False,
        ),
        # Of protections that were erased in the half second before it was written that a platform had been told of them
        migrations.RunSQL(
            "DELETE FROM matching_told WHERE protection NOT IN (SELECT id FROM matching_protection);"
            "UPDATE matching_check SET protections = ARRAY("
            "SELECT each FROM unnest(protections) AS each JOIN matching_protection ON id = each"
            ") WHERE protections <> '{}'",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(f"UPDATE matching_sequence SET history = {HISTORY}", migrations.RunSQL.noop),
    ]
