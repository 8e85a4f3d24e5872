"""psycopg2's own test suite, run with every ordinary connection under guard.

The suite is the driver's makers' word on how a connection behaves. It is fetched when it is run,
in the version that is installed here; nothing of it is part of this checkout.
"""
