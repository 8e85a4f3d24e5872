"""PostgreSQL's lexical rules: what the server takes for one token, so do we."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstop.syntax import LexError, TokenKind, has_hidden_placeholder, mask_literals, tokenize


def texts(sql: str) -> list[str]:
    return [token.text for token in tokenize(sql)]


def kinds(sql: str) -> list[str]:
    return [token.kind.name for token in tokenize(sql)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ["SELECT", "1"]),
        ('a.b."C d"', ["a", ".", "b", ".", '"C d"']),
        ("'it''s' x", ["'it''s'", "x"]),
        (r"E'it\'s' x", [r"E'it\'s'", "x"]),
        (r"'a\' x", [r"'a\'", "x"]),
        ("E'a'\n'\\'b'", ["E'a'\n'\\'b'"]),
        ("E'a' -- comment\n  'b' c", ["E'a' -- comment\n  'b'", "c"]),
        ("E'a' 'b'", ["E'a'", "'b'"]),
        ("U&'d\\0061' U&\"d\\0061\"", ["U&'d\\0061'", 'U&"d\\0061"']),
        ("B'01' X'1F' n'x' e'y'", ["B'01'", "X'1F'", "n'x'", "e'y'"]),
        ("$$a 'b$$ c", ["$$a 'b$$", "c"]),
        ("$a$ $b$ $$ $a$ c", ["$a$ $b$ $$ $a$", "c"]),
        ("a$b$ c", ["a$b$", "c"]),
        (
            "1.5 .5 1e10 1.5E-3 0xFF 1_000 1..3",
            ["1.5", ".5", "1e10", "1.5E-3", "0xFF", "1_000", "1", "..", "3"],
        ),
        ("0o17 0O17 0b11 0B1 0XfF", ["0o17", "0O17", "0b11", "0B1", "0XfF"]),
        ("1. 2.e5 1e+5 .5e5", ["1.", "2.e5", "1e+5", ".5e5"]),
        ("a\tb\x0cc\x0bd\re", ["a", "b", "c", "d", "e"]),
        ("a..b", ["a", "..", "b"]),
        ("E'a\\\\' b", ["E'a\\\\'", "b"]),
        ("E'a''b' c", ["E'a''b'", "c"]),
        ("E'a'\n'b'\n'c' d", ["E'a'\n'b'\n'c'", "d"]),
        ("E'a'\n-- b\n'c\\'d' e", ["E'a'\n-- b\n'c\\'d'", "e"]),
        ('"a""b" c', ['"a""b"', "c"]),
        ("$é$ a $é$ b", ["$é$ a $é$", "b"]),
        ("a+ 1 - -1", ["a", "+", "1", "-", "-", "1"]),
        ("a -- b\nc", ["a", "c"]),
        ("a /* b /* c */ d */ e", ["a", "e"]),
        ("a/**/b", ["a", "b"]),
        ("a=-1", ["a", "=", "-", "1"]),
        ("a@-1", ["a", "@-", "1"]),
        ("a*-+-1", ["a", "*", "-", "+", "-", "1"]),
        ("1 =-- c\n2", ["1", "=", "2"]),
        ("1 +/* c */2", ["1", "+", "2"]),
        (
            "a::int b:=1 f(x => 2)",
            ["a", "::", "int", "b", ":=", "1", "f", "(", "x", "=>", "2", ")"],
        ),
        ("a[1:b] :c", ["a", "[", "1", ":", "b", "]", ":c"]),
        ("id=%s AND x=%(name)s", ["id", "=", "%s", "AND", "x", "=", "%(name)s"]),
        ("a %% b % c", ["a", "%%", "b", "%", "c"]),
        ("a %%s", ["a", "%%", "s"]),
        ("a %size", ["a", "%", "size"]),
        ("$1 $23", ["$1", "$23"]),
        ("data ? 'a' ?| b ?& c", ["data", "?", "'a'", "?|", "b", "?&", "c"]),
        ("a\u00a0b c", ["a\u00a0b", "c"]),
    ],
)
def test_a_text_is_cut_where_the_server_cuts_it(sql: str, expected: list[str]) -> None:
    assert texts(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("x 'x' \"x\" 1 + ( %s", "WORD STRING QUOTED NUMBER OPERATOR PUNCTUATION PLACEHOLDER"),
        ("data ? 'a'", "WORD OPERATOR STRING"),
        ("id = ?", "WORD OPERATOR PLACEHOLDER"),
        ("LIMIT ? OFFSET ?", "WORD PLACEHOLDER WORD PLACEHOLDER"),
        ("E'a' $$b$$ U&'c' U&\"d\" B'1'", "STRING STRING STRING QUOTED STRING"),
        ("a[1] ? 'b'", "WORD PUNCTUATION NUMBER PUNCTUATION OPERATOR STRING"),
        ("(a) ? b", "PUNCTUATION WORD PUNCTUATION OPERATOR WORD"),
        ("1 ? 2", "NUMBER OPERATOR NUMBER"),
        ("'a' ? 'b'", "STRING OPERATOR STRING"),
        ("%s ? 'a'", "PLACEHOLDER OPERATOR STRING"),
        ("\"a\" ? 'b'", "QUOTED OPERATOR STRING"),
        ("a ? %s", "WORD OPERATOR PLACEHOLDER"),
        ("a ? :b", "WORD OPERATOR PLACEHOLDER"),
        ("a ? $1", "WORD OPERATOR PLACEHOLDER"),
        ("a ? ?", "WORD OPERATOR PLACEHOLDER"),
        ("a ? (b)", "WORD OPERATOR PUNCTUATION WORD PUNCTUATION"),
        ('a ? "b"', "WORD OPERATOR QUOTED"),
        ("a ? _b", "WORD OPERATOR WORD"),
        ("a ? é", "WORD OPERATOR WORD"),
        ("? a", "PLACEHOLDER WORD"),
        ("a ?", "WORD PLACEHOLDER"),
        ("a ? )", "WORD PLACEHOLDER PUNCTUATION"),
        ("a = ?", "WORD OPERATOR PLACEHOLDER"),
        ("(?, ?)", "PUNCTUATION PLACEHOLDER PUNCTUATION PLACEHOLDER PUNCTUATION"),
        ("%s %b %t %(a)s $1 :a", "PLACEHOLDER " * 5 + "PLACEHOLDER"),
        (": x", "PUNCTUATION WORD"),
    ],
)
def test_a_token_has_the_kind_of_its_form(sql: str, expected: str) -> None:
    assert kinds(sql) == expected.split()


@pytest.mark.parametrize(
    ("sql", "cut"),
    [
        ("a!-1 b~+1 c#-1 d^-1 e&-1", "a !- 1 b ~+ 1 c #- 1 d ^- 1 e &- 1"),
        ("a|-1 b`-1 c?-1 d%-1", "a |- 1 b `- 1 c ?- 1 d %- 1"),
        ("a=-1 b<-1 c>+1 d*-1 e/-1 f+-1", "a = - 1 b < - 1 c > + 1 d * - 1 e / - 1 f + - 1"),
        ("a[b[1:c]:d] :e", "a [ b [ 1 : c ] : d ] :e"),
    ],
)
def test_an_operator_keeps_its_sign_and_a_slice_its_colon(sql: str, cut: str) -> None:
    assert " ".join(texts(sql)) == cut


_NO_OPERAND = """
    ALL AND ANY BETWEEN BY ELSE FETCH FROM HAVING ILIKE IN IS LIKE LIMIT NOT OFFSET ON OR RETURNING
    SELECT SET THEN TO USING VALUES WHEN WHERE
"""


@pytest.mark.parametrize("word", _NO_OPERAND.split())
def test_a_question_mark_after_a_word_without_value_is_a_placeholder(word: str) -> None:
    assert kinds(f"{word} ? 'a'") == ["WORD", "PLACEHOLDER", "STRING"]


def test_a_doubled_percent_sign_is_one_operator() -> None:
    assert [token.upper for token in tokenize("a %% b")] == ["A", "%", "B"]
    assert [token.upper for token in tokenize("a = -1")] == ["A", "=", "-", ""]


@pytest.mark.parametrize(
    "sql",
    [
        "'a",
        "E'a\\'",
        "E'a'\n'b",
        '"a',
        "U&'a",
        "/* a",
        "/* /* */",
        "$$ a",
        "$a$ b $A$",
        "a\0b",
        "{fn now()}",
        "a \\ b",
        "$",
        "a \x01 b",
    ],
)
def test_a_text_that_the_server_could_not_scan_is_refused(sql: str) -> None:
    with pytest.raises(LexError):
        tokenize(sql)


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("SELECT 1;\n  'a", "'a"),
        ("SELECT E'a'\n'b", "E'a'\n'b"),
        ("SELECT /* a /* b */", "/* a /* b */"),
        ("SELECT $a$ $b$", "$a$ $b$"),
        ("SELECT 1 \t\\g", "\\g"),
        ("SELECT\0", "\0"),
    ],
)
def test_a_refusal_says_where_it_stands(sql: str, refused: str) -> None:
    with pytest.raises(LexError) as raised:
        tokenize(sql)
    assert raised.value.position is not None
    assert str(raised.value)
    assert sql[raised.value.position :] == refused


def test_only_ascii_letters_make_a_keyword() -> None:
    # A long s and a dotless i, which str.upper() makes S and I.
    words = ["\u017felect", "w\u0131th", "select"]
    assert [token.upper for token in tokenize(" ".join(words))] == [*words[:2], "SELECT"]


def test_a_quoted_word_is_no_keyword() -> None:
    assert tokenize('"WHERE"')[0].upper == ""


@pytest.mark.parametrize(
    "sql",
    [
        "/*" * 1000 + "*/" * 1000 + "x",
        "(" * 10_000 + "x" + ")" * 10_000,
        "'" + "''" * 50_000 + "'",
        "+" * 50_000,
        ",".join("(1, 'a')" for _ in range(10_000)),
    ],
)
def test_depth_and_length_are_no_problem(sql: str) -> None:
    assert tokenize(sql)


@pytest.mark.parametrize(
    ("sql", "hidden"),
    [
        ("SELECT %s", False),
        ("SELECT %(a)s, '100%%', 'a'", False),
        ("SELECT '%s'", True),
        ("SELECT '%%s'", False),
        ("SELECT '%%%s'", True),
        ('SELECT "%s"', True),
        ("SELECT E'%(a)s'", True),
        ("SELECT $$%s$$", True),
        ("SELECT 1 -- %s", True),
        ("SELECT 1 /* %(a)s */", True),
        ("SELECT E%s", True),
        ("SELECT 'a'%s", True),
        ("SELECT x LIKE 'a%%'", False),
        ("SELECT 'not closed %s", True),
        ("SELECT 'not closed", False),
        ("SELECT :a, '?', $1", False),
    ],
)
def test_a_placeholder_inside_a_quote_is_found(sql: str, hidden: bool) -> None:
    assert has_hidden_placeholder(sql) is hidden


@pytest.mark.parametrize(
    ("sql", "masked"),
    [
        ("SELECT 'secret', 42 FROM t -- secret", "SELECT ?, ? FROM t"),
        ("ALTER ROLE r PASSWORD E'se\\'cret'", "ALTER ROLE r PASSWORD ?"),
        ("DO $$ secret $$", "DO ?"),
        (" /* secret */ SELECT 1", "SELECT ?"),
        ("UPDATE t\n  SET a = %s /* secret */ WHERE id=1.5", "UPDATE t SET a = %s WHERE id=?"),
        ("SELECT 'secret", "(unreadable statement)"),
        ("", ""),
    ],
)
def test_masking_leaves_no_value(sql: str, masked: str) -> None:
    assert mask_literals(sql) == masked


@given(st.text())
def test_any_text_is_scanned_or_refused(sql: str) -> None:
    try:
        tokens = tokenize(sql)
    except LexError:
        return
    assert all(sql[token.start : token.end] == token.text for token in tokens)
    assert all(a.end <= b.start for a, b in zip(tokens, tokens[1:]))


@given(st.text(alphabet="ab'\"$%(): /*-\\\n?E&U1", max_size=40))
def test_masked_text_holds_no_string(sql: str) -> None:
    masked = mask_literals(sql)
    if masked != "(unreadable statement)":
        found = [
            token for token in tokenize(masked.replace("?", " ")) if token.kind is TokenKind.STRING
        ]
        assert not found
