"""Fixtures and helpers that the tests of all packages share."""
