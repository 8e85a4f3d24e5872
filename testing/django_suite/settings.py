"""The settings of the suite: two aliases on one server, and the app's own where it is installed."""

from __future__ import annotations

import json
import os
from typing import Any

_LOGIN: dict[str, str] = json.loads(os.environ["DJANGO_SUITE_LOGIN"])
_DATABASE: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", **_LOGIN}

DATABASES = {
    "default": {**_DATABASE, "NAME": "django_suite"},
    "other": {**_DATABASE, "NAME": "django_suite_other"},
}
SECRET_KEY = "of the suite"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "testing.django_suite.outcomes.Runner"

if "DJANGO_SUITE_BACKSTOP" in os.environ:
    BACKSTOP = json.loads(os.environ["DJANGO_SUITE_BACKSTOP"])
