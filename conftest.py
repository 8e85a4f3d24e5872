"""Makes the shared fixtures available to every package's tests."""

pytest_plugins = ["testing.s3"]
