# SPDX-License-Identifier: PostgreSQL
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=100)
    mail = models.CharField(max_length=100, unique=True)
    phone = models.CharField(max_length=30, null=True)
