"""Queries in their hundreds, for the tests of what the classifier says of ordinary SQL."""
