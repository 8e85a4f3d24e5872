"""Backstop for Django: add one app, and every database alias is guarded.

::

    INSTALLED_APPS = [..., "backstop.django"]
    BACKSTOP = {"STORAGE": "s3://prod-snapshots", "ACTOR": "web", "MODE": "protect"}

Whatever passes a cursor of Django's is guarded: the ORM, migrations, raw SQL, in every thread.
``manage.py check`` says what is wrong with the settings. Test databases are never guarded.

``callproc`` and what goes to the driver by ``connection.connection`` pass unseen in this version.
"""

from __future__ import annotations

from backstop.errors import MissingDistribution

try:
    import django as _framework  # noqa: F401 - only whether it is there
except ImportError:
    raise MissingDistribution("backstop.django needs Django: pip install 'Django>=4.2'") from None
