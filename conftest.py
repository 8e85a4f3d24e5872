"""Makes the shared fixtures available to every package's tests."""

pytest_plugins: list[str] = [
    "testing.postgres",
    "testing.s3",
    "testing.commands",
    "testing.guarded",
]
