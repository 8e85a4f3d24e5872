"""Django's own test suite, run on PostgreSQL with the app installed.

The suite is the framework's makers' word on how its connections behave. It is fetched when it is
run, in the version that is installed here; nothing of it is part of this checkout.
"""
