from django.db import migrations, models

import credentials.fields


class Migration(migrations.Migration):

    dependencies = [
        ('credentials', '0002_reveal_budgets'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='storedcredential',
            index=models.Index(credentials.fields.KeyIdIn('ciphertext'), name='logins_by_key_in_text'),
        ),
        migrations.RemoveIndex(
            model_name='storedcredential',
            name='logins_by_key',
        ),
        migrations.AddField(
            model_name='revealbudget',
            name='refused',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='revealbudget',
            name='strange',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
