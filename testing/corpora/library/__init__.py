"""A Django app with a field of every type that applications use."""
