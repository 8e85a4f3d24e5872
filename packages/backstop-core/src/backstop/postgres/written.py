"""How the rows that a statement has just written are known again later.

A row's xmin is the id of the (sub)transaction that wrote it and its cmin the command within it;
both outlive the transaction. They tell a row that is as the statement left it from one that was
edited afterwards, in the same transaction or a later one.
"""

from __future__ import annotations

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.postgres.server import own_xids
from backstop.session import Session


def last_command(
    session: Session, relation: Relation, where: str | None
) -> tuple[list[str], str | None]:
    """Return the transaction's xids, and the command that wrote last to ``relation``.

    ``where`` finds one row that the statement has written; without it the relation is read
    through for the last command among this transaction's rows.
    """
    xids = own_xids(session)
    mine = f"xmin::pg_catalog.text = ANY ({quoting.text_array(xids)})"
    found = query.rows(
        session,
        "SELECT pg_catalog.max(cmin::pg_catalog.text::pg_catalog.int8)::pg_catalog.text AS command "
        f"FROM ONLY {relation.sql} WHERE {mine}" + (f" AND {where}" if where else ""),
    )
    return xids, found[0]["command"]
