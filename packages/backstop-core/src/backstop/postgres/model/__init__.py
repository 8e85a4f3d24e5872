"""The objects of a database, read from its catalogs in a few queries for all of them.

One module for each family of objects gives them as values, with the statements that create each.
Everything is read under pinned settings (an empty search_path), so that every name comes out
qualified. What belongs to PostgreSQL itself or to a session (temporary) is no object here.
"""
