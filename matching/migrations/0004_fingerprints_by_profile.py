import django.db.models.deletion
from django.db import migrations, models

# A blob is bound to its protection and profile, not to the table it lies in, so it moves as it is. The constraints are
# checked at once, because no table may be altered while checks of its rows are pending.
MOVE = """
INSERT INTO matching_storedfingerprint (protection_id, profile, key_id, blob)
SELECT id, profile, key_id, fingerprint FROM matching_protection;
SET CONSTRAINTS ALL IMMEDIATE;
"""
MOVE_BACK = """
UPDATE matching_protection SET profile = stored.profile, key_id = stored.key_id, fingerprint = stored.blob
FROM matching_storedfingerprint AS stored WHERE stored.protection_id = matching_protection.id AND stored.profile = 'veto-1';
SET CONSTRAINTS ALL IMMEDIATE;
"""
MOVED = {
    "profile": models.CharField(max_length=32),
    "key_id": models.CharField(max_length=32),
    "fingerprint": models.BinaryField(),
}


def nullable(field):
    field = field.clone()
    field.null = True
    return field


class Migration(migrations.Migration):
    dependencies = [("matching", "0003_pending")]

    operations = [
        migrations.CreateModel(
            name="StoredFingerprint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("profile", models.CharField(max_length=32)),
                ("key_id", models.CharField(max_length=32)),
                ("blob", models.BinaryField()),
                (
                    "protection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fingerprints",
                        to="matching.protection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("protection", "profile"), name="fingerprint_once_per_profile")
                ],
            },
        ),
        # Nullable first, so that on the way back there are columns to fill before they must be full.
        *(migrations.AlterField("protection", name, nullable(field)) for name, field in MOVED.items()),
        migrations.RunSQL(MOVE, MOVE_BACK),
        *(migrations.RemoveField("protection", name) for name in MOVED),
    ]
