"""Finds what can be changed in a module's source: its mutants.

A mutant is a splice of the source, never a tree that is rendered again, so that its report shows
what stands in the file. Messages are not mutated: they are no rule.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from testing.mutation.patterns import without_alternatives

_OPPOSITES: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_NEIGHBOURS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
}
_SWAPS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_LEVELS = frozenset({"_LOW", "_HIGH", "_CRITICAL"})
_SAFE = "RiskLevel.SAFE"
_NOTHING = {
    "bool": ("False", "True"),
    "None": ("None",),
    "str": ('""',),
    "list": ("[]",),
    "dict": ("{}",),
    "set": ("set()",),
    "frozenset": ("frozenset()",),
    "tuple": ("()",),
}


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes from ``start`` to ``end`` of a file become ``text``.

    ``place`` is the function, or the table, that it stands in; ``module``, ``place`` and
    ``change`` together name it, whatever is edited elsewhere.
    """

    module: str
    place: str
    line: int
    change: str
    start: int
    end: int
    text: str

    @property
    def name(self) -> tuple[str, str, str]:
        """What the mutant is called in the list of equivalent ones."""
        return self.module, self.place, self.change

    def applied(self, source: bytes) -> bytes:
        """Return the source with the change made."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def find_mutants(module: str, source: bytes) -> list[Mutant]:
    """Return every mutant of a module, in order."""
    finder = _Finder(module, source)
    finder.visit(ast.parse(source))
    return numbered(finder.found)


def find_lines(module: str, source: bytes) -> list[Mutant]:
    """Return the mutants of a data file: each leaves one line out that holds an entry."""
    found: list[Mutant] = []
    start = 0
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        end = start + len(line)
        entry = line.decode().strip()
        if entry and not entry.startswith("--"):
            found.append(Mutant(module, "(lines)", number, f"without {entry}", start, end, ""))
        start = end
    return found


def numbered(mutants: list[Mutant]) -> list[Mutant]:
    """Tell apart the same changes of one place by their number."""
    seen: Counter[tuple[str, str, str]] = Counter()
    unique: list[Mutant] = []
    for mutant in mutants:
        seen[mutant.name] += 1
        count = seen[mutant.name]
        unique.append(
            mutant if count == 1 else replace(mutant, change=f"{mutant.change} ({count})")
        )
    return unique


class _Finder(ast.NodeVisitor):
    """One walk over a module's tree."""

    def __init__(self, module: str, source: bytes) -> None:
        self.module = module
        self.source = source
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.scope: list[str] = []
        self.texts: dict[str, str] = {}
        """The module's own constants that are texts: patterns are made of them."""
        self.found: list[Mutant] = []

    def span(self, first: ast.AST, last: ast.AST | None = None) -> tuple[int, int]:
        """Return where a node, or a row of nodes, stands in the source."""
        last = first if last is None else last
        start = self.lines[first.lineno - 1] + first.col_offset  # type: ignore[attr-defined]
        end = self.lines[last.end_lineno - 1] + last.end_col_offset  # type: ignore[attr-defined]
        return start, end

    def written(self, node: ast.AST) -> str:
        """Return a node as it is written, in brackets where it could fall apart otherwise."""
        start, end = self.span(node)
        text = self.source[start:end].decode()
        loose = (ast.BoolOp, ast.IfExp, ast.Compare, ast.BinOp, ast.UnaryOp, ast.NamedExpr)
        return f"({text})" if isinstance(node, loose) else text

    def add(self, node: ast.AST, text: str, change: str = "", last: ast.AST | None = None) -> None:
        """Note that a node may become a text."""
        start, end = self.span(node, last)
        old = " ".join(self.source[start:end].decode().split())
        new = " ".join(text.split())
        line = node.lineno  # type: ignore[attr-defined]
        place = ".".join(self.scope) or "(module)"
        change = change or f"{old} → {new}"
        self.found.append(Mutant(self.module, place, line, change, start, end, text))

    # Where things stand

    def inside(self, name: str, nodes: list[ast.AST]) -> None:
        self.scope.append(name)
        for node in nodes:
            self.visit(node)
        self.scope.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.inside(node.name, list(node.body))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.scope.append(node.name)
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        for value in _nothings(node):
            if not (len(body) == 1 and _returns(body[0], value)):
                self.add(body[0], value, f"does nothing but {value}", body[-1])
        for statement in body:
            self.visit(statement)
        self.scope.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], (ast.Attribute, ast.Subscript)):
            self.add(node, "pass")
        if self.scope or not isinstance(node.targets[0], ast.Name):
            self.visit(node.value)
            return
        name = node.targets[0].id
        if name == "__all__":
            return
        text = self.text(node.value)
        if text is not None:
            self.texts[name] = text
        self.inside(name, [node.value])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            return
        if self.scope or not isinstance(node.target, ast.Name):
            self.visit(node.value)
            return
        self.inside(node.target.id, [node.value])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.add(node, "pass")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        self.add(node, "pass")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Take a module's own for a piece of a pattern; others are messages, and left alone."""
        self.pattern(node)

    # Conditions

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self.add(node.test, "False")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.condition(test)
        self.generic_visit(node)

    def condition(self, test: ast.expr) -> None:
        self.add(test, "True")
        self.add(test, "False")

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        word = "and" if isinstance(node.op, ast.And) else "or"
        for position, operand in enumerate(node.values):
            rest = [value for other, value in enumerate(node.values) if other != position]
            texts = f" {word} ".join(self.written(value) for value in rest)
            gone = " ".join(self.written(operand).split())
            self.add(node, f"({texts})", f"{word} without {gone}")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1:
            left, right = self.written(node.left), self.written(node.comparators[0])
            for table in (_OPPOSITES, _NEIGHBOURS):
                mark = table.get(type(node.ops[0]))
                if mark is not None:
                    self.add(node, f"({left} {mark} {right})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.add(node, self.written(node.operand))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Leave out a side of a union, or what a difference takes away."""
        if isinstance(node.op, ast.BitOr):
            self.add(node, self.written(node.left))
            self.add(node, self.written(node.right))
        elif isinstance(node.op, ast.Sub) and isinstance(node.right, ast.Set):
            self.add(node, self.written(node.left))
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _SWAPS:
            self.add(node, _SWAPS[node.id])
        elif node.id in _LEVELS and isinstance(node.ctx, ast.Load):
            self.add(node, _SAFE)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self.written(node) in {f"RiskLevel.{level[1:]}" for level in _LEVELS}:
            self.add(node, _SAFE)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "Risk" and node.args:
            kind = node.args[0]
            if isinstance(kind, ast.Constant):
                self.add(kind, '"another"')
        if ast.unparse(node.func) == "re.compile":
            self.pattern(node.args[0])
            return
        self.generic_visit(node)

    # Tables

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add(node, str(not node.value))
        elif isinstance(node.value, str) and _is_word_list(node.value):
            self.words(node)

    def words(self, node: ast.Constant) -> None:
        """Leave each word of a list that is one text out."""
        start, end = self.span(node)
        for word in re.finditer(rb"\w+", self.source[start:end]):
            line = node.lineno + self.source[start : start + word.start()].count(b"\n")
            change = f"without {word[0].decode()}"
            first, last = start + word.start(), start + word.end()
            place = ".".join(self.scope)
            self.found.append(Mutant(self.module, place, line, change, first, last, ""))

    def text(self, node: ast.expr) -> str | None:
        """Return a text that is made of constants alone."""
        if not isinstance(node, (ast.Constant, ast.JoinedStr)):
            return None
        try:
            value = eval(compile(ast.Expression(node), self.module, "eval"), {}, self.texts)
        except NameError:
            return None
        return value if isinstance(value, str) else None

    def pattern(self, node: ast.expr) -> None:
        for gone, left in without_alternatives(self.text(node) or ""):
            self.add(node, repr(left), f"without | {' '.join(gone.split())}")

    def visit_Set(self, node: ast.Set) -> None:
        for gone, rest in _each_left_out(node.elts):
            entries = ", ".join(self.written(entry) for entry in rest)
            self.entry(node, gone, f"{{{entries}}}" if rest else "set()")
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if isinstance(node.ctx, ast.Load) and node.elts and all(map(_is_plain, node.elts)):
            for gone, rest in _each_left_out(node.elts):
                entries = "".join(f"{self.written(entry)}, " for entry in rest)
                self.entry(node, gone, f"({entries})")
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        if isinstance(node.ctx, ast.Load) and node.elts and all(map(_is_plain, node.elts)):
            for gone, rest in _each_left_out(node.elts):
                self.entry(node, gone, f"[{', '.join(self.written(entry) for entry in rest)}]")
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        keys = [key for key in node.keys if key is not None]
        items = {
            key: f"{self.written(key)}: {self.written(value)}"
            for key, value in zip(keys, node.values)
        }
        for gone, rest in _each_left_out(keys):
            self.entry(node, gone, f"{{{', '.join(items[key] for key in rest)}}}")
        self.generic_visit(node)

    def entry(self, table: ast.expr, gone: ast.expr, text: str) -> None:
        self.add(table, text, f"without {self.written(gone)}")


def _each_left_out(entries: list[ast.expr]) -> Iterator[tuple[ast.expr, list[ast.expr]]]:
    for position, entry in enumerate(entries):
        yield entry, [*entries[:position], *entries[position + 1 :]]


def _is_plain(node: ast.expr) -> bool:
    """Whether an entry is a text, or a row of them."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_plain, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_word_list(text: str) -> bool:
    """Whether a text is a list of words, to be split: of one line only if they are functions."""
    words = text.split()
    return len(words) > 1 and all(
        word.isidentifier() and ("_" in word or (word.isupper() and "\n" in text)) for word in words
    )


def _nothings(function: ast.FunctionDef) -> tuple[str, ...]:
    """Return the bodies that would make a function answer nothing, by what it promises to give."""
    if function.returns is None or function.name.startswith("__"):
        return ()
    promise = ast.unparse(function.returns)
    if promise.startswith("Iterator"):
        return ("yield from ()",)
    kinds = [part.split("[")[0] for part in promise.split(" | ")]
    kind = "None" if "None" in kinds else kinds[0]
    if kind == "tuple" and not promise.endswith("...]"):
        return ()
    return tuple(f"return {value}" for value in _NOTHING.get(kind, ()))


def _returns(statement: ast.stmt, body: str) -> bool:
    return isinstance(statement, ast.Pass) or ast.unparse(statement) == body
