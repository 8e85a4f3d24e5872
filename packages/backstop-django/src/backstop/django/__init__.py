"""Backstop for Django: add one app, and every database alias is guarded.

::

    INSTALLED_APPS = [..., "backstop.django"]
    BACKSTOP = {"STORAGE": "s3://prod-snapshots", "ACTOR": "web", "MODE": "protect"}

On PostgreSQL the driver's own connection is under guard, ``connection.connection``: the ORM,
migrations, raw SQL, ``callproc``, COPY and large objects, in every thread and async context. On
other databases it is Django's cursors. ``manage.py check`` says what is wrong with the settings.
Test databases are never guarded.
"""

from __future__ import annotations

from backstop.errors import MissingDistribution

try:
    import django as _framework  # noqa: F401 - only whether it is there
except ImportError:
    raise MissingDistribution("backstop.django needs Django: pip install 'Django>=4.2'") from None
