# SPDX-License-Identifier: PostgreSQL
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Customer", [
            ("id", models.AutoField(primary_key=True)),
            ("name", models.CharField(max_length=100)),
            ("mail", models.CharField(max_length=100)),
        ]),
    ]
