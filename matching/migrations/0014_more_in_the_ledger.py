from django.db import migrations, models

KINDS = [
    ("person.erased", "Person Erased"),
    ("photo.erased", "Photo Erased"),
    ("photo.withdrawn", "Photo Withdrawn"),
    ("photo.restored", "Photo Restored"),
    ("photo.details_dropped", "Details Dropped"),
    ("exclusion.withdrawn", "Exclusion Withdrawn"),
    ("key.revoked", "Key Revoked"),
    ("key.ends", "Key Ends"),
    ("platform.suspended", "Platform Suspended"),
    ("platform.resumed", "Platform Resumed"),
    ("signing_key.revoked", "Signing Key Revoked"),
    ("endpoint.deleted", "Endpoint Deleted"),
    ("person.secrets_changed", "Secrets Changed"),
    ("person.second_step_removed", "Second Step Removed"),
]


class Migration(migrations.Migration):
    dependencies = [("matching", "0013_secrets_that_change")]

    operations = [
        migrations.AlterField("ledgerentry", "kind", models.CharField(choices=KINDS, max_length=32)),
        migrations.RemoveConstraint("ledgerentry", "ledger_entry_kind_known"),
        migrations.AddConstraint(
            "ledgerentry",
            models.CheckConstraint(
                name="ledger_entry_kind_known", condition=models.Q(kind__in=[kind for kind, _ in KINDS])
            ),
        ),
    ]
