"""The execution options by which a statement names its actor and its sanction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from backstop.context import allow, context

ACTOR = "backstop_actor"
ALLOW = "backstop_allow"


@contextmanager
def applied(options: Mapping[str, Any]) -> Iterator[None]:
    """Run the block under what the options of one statement say.

    Raises ConfigurationError for an empty actor or reason.
    """
    with ExitStack() as entered:
        if options.get(ACTOR) is not None:
            entered.enter_context(context(actor=options[ACTOR]))
        if options.get(ALLOW) is not None:
            entered.enter_context(allow(options[ALLOW]))
        yield
