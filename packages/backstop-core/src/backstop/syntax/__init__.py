"""PostgreSQL's lexical rules and the shape of its statements, without any judgement."""

from __future__ import annotations

from backstop.syntax.changes import (
    Change,
    RowChange,
    TableDrop,
    TableReference,
    Truncation,
    Unreadable,
    Upsert,
    changes,
)
from backstop.syntax.lexer import (
    LexError,
    Span,
    Token,
    TokenKind,
    has_hidden_placeholder,
    scan,
    tokenize,
)
from backstop.syntax.masking import mask_literals
from backstop.syntax.statements import (
    ControlKind,
    StatementText,
    TransactionControl,
    split,
    transaction_control,
)

__all__ = [
    "Change",
    "ControlKind",
    "LexError",
    "RowChange",
    "Span",
    "StatementText",
    "TableDrop",
    "TableReference",
    "Token",
    "TokenKind",
    "TransactionControl",
    "Truncation",
    "Unreadable",
    "Upsert",
    "changes",
    "has_hidden_placeholder",
    "mask_literals",
    "scan",
    "split",
    "tokenize",
    "transaction_control",
]
