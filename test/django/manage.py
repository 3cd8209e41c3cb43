#!/usr/bin/python3
# SPDX-License-Identifier: PostgreSQL
"""A shop that keeps each tenant in a schema of its own, for test_django.py."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
