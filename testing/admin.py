"""The settings of a project that has Django's admin."""

from __future__ import annotations

from typing import Any

_CONTRIB = ("admin", "auth", "contenttypes", "messages", "sessions", "staticfiles")

SETTINGS: dict[str, Any] = {
    "INSTALLED_APPS": ["backstop.django", *(f"django.contrib.{app}" for app in _CONTRIB)],
    "ALLOWED_HOSTS": ["testserver"],
    "STATIC_URL": "/static/",
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
}
