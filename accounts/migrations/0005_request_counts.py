from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_rights'),
    ]

    operations = [
        migrations.CreateModel(
            name='RequestCount',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('minute', models.BigIntegerField(db_index=True)),
                ('taken', models.PositiveIntegerField()),
            ],
            options={
                'db_table': 'request_counts',
            },
        ),
    ]
