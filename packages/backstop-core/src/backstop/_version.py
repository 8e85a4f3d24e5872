"""The one version of all distributions."""

__version__ = "0.1.0"
