"""Problems as data, and the exceptions that carry them.

A stage that finds something wrong makes a `Diagnostic` that says *what* and, by `path`, *which entry* of
the document; the document alone knows lines and columns and fills them in (`Source.locate`). What each
code means, with an example and its cure, stands in `catalogue.yaml` (``dataflow errors CODE``).
"""

# Annotations are real ones here: of annotations as text a NamedTuple compiles every one, 50 us a field and start.
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

Path = tuple[str | int, ...]

KEY = "<key>"  # at the end of a path: the name itself, and not what stands under it


class Diagnostic(NamedTuple):
    """One problem of a graph, its data or its surroundings.

    `path` names the entry of the document (``("nodes", "u", "inputs", 0)``); `span` a part of the text
    that stands there, as offsets of characters. Lines and columns count from 1, columns in characters.

    >>> print(Diagnostic("DF0203", "unknown name `w`", file="g.yaml", line=9, column=6, hint="did you mean `c`?"))
    error[DF0203]: unknown name `w`
      --> g.yaml:9:6
      = help: did you mean `c`?
    """

    code: str
    message: str
    path: Path = ()
    span: tuple[int, int] | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    length: int = 1
    source: str | None = None
    node: str | None = None
    found: str | None = None
    expected: str | None = None
    hint: str | None = None
    severity: str = "error"

    @property
    def place(self) -> str:
        """``file:line:column`` as far as it is known, or an empty text."""
        parts = (self.file, self.line, self.column)
        known = [str(part) for part in parts[: parts.index(None) if None in parts else 3]]
        return ":".join(known)

    def __str__(self) -> str:
        lines = [f"{self.severity}[{self.code}]: {escape(self.message)}"]
        if self.place:
            lines.append(f"  --> {escape(self.place)}")
        if self.source is not None and self.line is not None and self.column is not None:
            gutter = " " * len(str(self.line))
            shown, column = _window(self.source, self.column)
            carets = "^" * max(1, min(self.length, len(shown) - column + 1))
            lines += [f"{gutter} |", f"{self.line} | {shown}", f"{gutter} | {' ' * (column - 1)}{carets}"]
        elif self.node is not None:
            lines.append(f"  in node `{escape(self.node)}`")
        for label, text in (("found", self.found), ("expected", self.expected), ("help", self.hint)):
            if text is not None:
                lines.append(f"  = {label}: {escape(text)}")
        return "\n".join(lines)

    def as_data(self) -> dict[str, object]:
        """What is known, as a mapping that JSON can hold.

        >>> Diagnostic("DF0203", "unknown name `w`", node="u").as_data()
        {'code': 'DF0203', 'severity': 'error', 'message': 'unknown name `w`', 'node': 'u'}
        """
        keys = ("code", "severity", "message", "file", "line", "column", "node", "found", "expected", "hint")
        return {key: value for key in keys if (value := getattr(self, key)) is not None}


def escape(text: str) -> str:
    r"""A text on one line whose controls, marks of direction and other invisible characters are written as escapes.

    What a graph of unknown origin says can then neither command a terminal nor pass for something else.

    >>> escape("na\u00efve"), escape("a\x1b[2Jb\n\u202e")
    ('na\xefve', 'a\\x1b[2Jb\\n\\u202e')
    """
    if text.isprintable():
        return text
    return "".join(item if item.isprintable() else item.encode("unicode_escape").decode() for item in text)


def _window(source: str, column: int, width: int = 100) -> tuple[str, int]:
    """The part of a line to show, tabs and controls made one blank wide, and the column within it."""
    start = max(0, column - 1 - width // 2) if len(source) > width else 0
    part = source[start : start + width]
    shown = "".join(character if character.isprintable() else " " for character in part)
    return shown, column - start


class DataflowError(Exception):
    """What dataflow refuses, with every diagnostic that says why.

    >>> error = GraphError([Diagnostic("DF0203", "unknown name `w`")])
    >>> error.exit_code, error.diagnostics[0].code
    (1, 'DF0203')
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        found = (diagnostics,) if isinstance(diagnostics, Diagnostic) else tuple(diagnostics)
        self.diagnostics: Sequence[Diagnostic] = found
        super().__init__("\n\n".join(map(str, found)))


class GraphError(DataflowError):
    """The graph is wrong: its text, its structure, its names, its shapes."""


class DataError(DataflowError):
    """The data given to a graph is wrong: a value, a file of data, a shape or dtype that does not fit."""


class UsageError(DataflowError):
    """What was asked for is wrong: the command line, or the arguments of a function."""

    exit_code = 2


class OperatorError(DataflowError):
    """An operator failed while running: it raised, or gave what it must not give."""

    exit_code = 3


class StrictError(DataflowError):
    """``--strict`` found what it forbids."""

    exit_code = 3


class ResourceError(DataflowError):
    """The environment refused: a file, a disk, memory."""

    exit_code = 4


class PluginError(DataflowError):
    """A plugin cannot be used: it does not import, or hands over what is no operator."""

    exit_code = 4


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None.

    >>> suggest("sofmax", ["softmax", "softplus"])
    'softmax'
    """
    from difflib import get_close_matches  # 4 ms that only an error pays

    known = list(known)
    folded = {name.casefold(): name for name in reversed(known)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    if len(known) > 20_000:  # quadratic in the end: look among words of the same start only
        known = [name for name in known if name[:1] == word[:1] and abs(len(name) - len(word)) <= 2][:20_000]
    close = get_close_matches(word, known, n=1, cutoff=0.65)
    return close[0] if close else None


def propose(word: str, known: Iterable[str]) -> str | None:
    """A hint for an unknown word: the known one that was probably meant, or all of them where they are few.

    >>> propose("d", ["a", "b", "c"]), propose("lerning_rate", ["learning_rate", "a"])
    ('there are `a`, `b`, `c`', 'did you mean `learning_rate`?')
    """
    names = list(known)
    meant = suggest(word, names)
    if meant is not None:
        return f"did you mean `{meant}`?"
    return f"there are {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= 12 else None
