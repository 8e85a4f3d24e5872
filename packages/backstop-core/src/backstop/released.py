"""What stands where a guard was, on a connection that can't be given back as it was."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Callable, TypeVar

Answer = TypeVar("Answer")


class Released:
    """Takes what a guarded session takes, and lets everything pass."""

    is_pending = False
    turn = nullcontext()

    def execute(
        self,
        statement: Any,  # noqa: ARG002
        run: Callable[[], Answer],
        rowcount: Any = None,  # noqa: ARG002
    ) -> Answer:
        """Run one statement."""
        return run()

    def passes(self, text: object, parameters: object = None) -> bool:  # noqa: ARG002
        """Let every text pass."""
        return True

    def finish(self, run: Callable[[], Answer], *, committed: bool) -> Answer:  # noqa: ARG002
        """End the transaction by the driver's own call."""
        return run()

    def discard(self, run: Callable[[], Answer]) -> Answer:
        """Reset by the driver's own call."""
        return run()

    def leave(self, run: Callable[[], Answer], *, committed: bool) -> Answer:  # noqa: ARG002
        """End what was entered, by the driver's own call."""
        return run()

    def enter(self) -> None:
        """Take nothing in."""

    def forget(self) -> None:
        """Forget nothing."""
