"""Everything that Backstop asks of a PostgreSQL server: the only place with catalog queries."""
