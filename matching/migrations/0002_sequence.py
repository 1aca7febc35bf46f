from django.db import migrations

NUMBER_ONCE = """
CREATE FUNCTION matching_change_number_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'change % has number % already', OLD.id, OLD.number USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER number_once BEFORE UPDATE ON matching_change
    FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION matching_change_number_once();
"""
NUMBER_ANY = """
DROP TRIGGER number_once ON matching_change;
DROP FUNCTION matching_change_number_once();
"""
THE_ROW = """
INSERT INTO matching_sequence (id, lineage, epoch, number) VALUES (1, gen_random_uuid(), 1, 0);
"""


class Migration(migrations.Migration):
    dependencies = [("matching", "0001_initial")]

    operations = [
        migrations.RunSQL(NUMBER_ONCE, NUMBER_ANY),
        migrations.RunSQL(THE_ROW, "DELETE FROM matching_sequence;"),
    ]
