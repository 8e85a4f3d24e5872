"""SQLAlchemy's own tests, run with every engine under guard.

They are its makers' word on how an engine behaves. They are fetched when they are run, in the
version that is installed here; nothing of them is part of this checkout.
"""
