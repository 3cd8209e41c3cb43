# SPDX-License-Identifier: PostgreSQL
"""Migrate the schemas of these tenants one after the other, as django-tenants does."""

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("tenants", nargs="+")
        parser.add_argument("--to", help="the last migration")

    def handle(self, *args, tenants, to, **options):
        for tenant in tenants:
            with connection.cursor() as cursor:
                cursor.execute(f"SET search_path = {connection.ops.quote_name(tenant)}")
            call_command("migrate", "shop", *filter(None, [to]), verbosity=options["verbosity"])
