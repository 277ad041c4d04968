"""Text becomes a tree of plain data, or every problem in it is named, each in its place."""

from __future__ import annotations

import gc
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.document.reader import MAX_ALIASED_VALUES, MAX_DEPTH, read_text, read_tree
from dataflow.document.scalars import open_events
from dataflow.document.source import decode
from dataflow.errors import Diagnostic, GraphError, ResourceError

Problems = list[tuple[str, int, int]]  # code, line, column

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED: dict[str, tuple[str, Problems]] = {
    "empty": ("", [("DF0107", 1, 1)]),
    "blank": (" \n\n", [("DF0107", 1, 1)]),
    "comment only": ("# only\n", [("DF0107", 1, 1)]),
    "marker only": ("---\n", [("DF0107", 1, 1)]),
    "list": ("- a\n- b\n", [("DF0109", 1, 1)]),
    "scalar": ("# c\nabc\n", [("DF0109", 2, 1)]),
    "JSON list": ("[1, 2]", [("DF0109", 1, 1)]),
    "tab": ("a:\n\tb: 1\n", [("DF0102", 2, 1)]),
    "tab after an entry": ("a:\n  b: 1\n\tc: 2\n", [("DF0102", 3, 1)]),
    "tab at the start": ("\ta: 1\n", [("DF0102", 1, 1)]),
    "tab after a blank": ("a:\n \tb: 1\n", [("DF0102", 2, 2)]),
    "tab alone": ("a: 1\n\t\n\n", [("DF0102", 2, 1)]),
    "open quote": ('a: 1\nb: "x\n', [("DF0101", 2, 4)]),
    "two colons": ("a: b: c\n", [("DF0101", 1, 5)]),
    "reserved character": ("a: @b\n", [("DF0101", 1, 4)]),
    "percent": ("a: %b\n", [("DF0101", 1, 4)]),
    "unquoted index": ("y: {a: b[1, 2]}\n", [("DF0101", 1, 9)]),
    "open bracket": ("x: [1, 2\ny: 3\n", [("DF0101", 2, 2)]),
    "indentation": ("a: 1\n b: 2\n", [("DF0101", 2, 3)]),
    "indentation back": ("a:\n    b: 1\n  c: 2\n", [("DF0101", 3, 3)]),
    "star": ("a: *\n", [("DF0101", 1, 4)]),
    "version of YAML": ("%YAML 3.0\n---\na: 1\n", [("DF0101", 1, 1)]),
    "unknown escape": ('a: "b\\q"\n', [("DF0101", 1, 6)]),
    "escape beyond Unicode": ('a: "\\U00110000"\n', [("DF0101", 1, 5)]),
    "duplicate": ("a: 1\nb: 2\na: 3\n", [("DF0110", 3, 1)]),
    "duplicates, nested and quoted": ("a: {x: 1, 'x': {x: 2, x: 3}}\n", [("DF0110", 1, 11), ("DF0110", 1, 23)]),
    "duplicate, one a number": ('a: {1: x, "1": y}\n', [("DF0114", 1, 5), ("DF0110", 1, 11)]),
    "duplicate in JSON": ('{"a": 1,\n\t"a": 2}', [("DF0110", 2, 2)]),
    "duplicate, CR LF": ("a: 1\r\nb: 2\r\na: 3\r\n", [("DF0110", 3, 1)]),
    "duplicate, CR": ("a: 1\rb: 2\ra: 3\r", [("DF0110", 3, 1)]),
    "duplicate after NEL and LS": ("a: x\x85y\u2028z\nb: 1\nb: 2", [("DF0110", 3, 1)]),
    "duplicate, astral": ("a: {😀é: 1, 😀é: 2}\n", [("DF0110", 1, 12)]),
    "duplicate after a BOM": ("\ufeffa: 1\na: 2\n", [("DF0110", 2, 1)]),
    "three times": ("a: 1\na: 2\na: 3\n", [("DF0110", 2, 1), ("DF0110", 3, 1)]),
    "merge key": ("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n", [("DF0111", 3, 3)]),
    "tags": (
        "a: !local 1\nb: !!python/object:os.system x\nc: !!map {}\nd: !!binary abc\ne: !!set {x}\nf: ! x\n",
        [("DF0112", line, 4) for line in range(1, 7)],
    ),
    "tags that do not fit": (
        "a: !!float x\nb: !!bool yes\nc: !!null 0\nd: !!int 1.5\n",
        [("DF0113", 1, 12), ("DF0113", 2, 11), ("DF0113", 3, 11), ("DF0113", 4, 10)],
    ),
    "keys": ("1: a\ntrue: b\nnull: c\n2.5: d\n", [("DF0114", line, 1) for line in range(1, 5)]),
    "complex keys": ("a: 1\n? [x, y]\n: 2\n? {b: c}\n: 3\n", [("DF0114", 2, 3), ("DF0114", 4, 3)]),
    "complex keys in flow": (
        "a: {[x]: 1, ? {y: z, y: 0} : 2}\n",
        [("DF0114", 1, 5), ("DF0114", 1, 15), ("DF0110", 1, 22)],
    ),
    "deep": ("a: " + "[" * 900, [("DF0115", 1, 3 + MAX_DEPTH)]),
    "deep JSON": ('{"a":' * 30_000, [("DF0115", 1, 5 * MAX_DEPTH + 1)]),
    "laughs": (LAUGHS, [("DF0116", 6, 29)]),
    "alias inside itself": ("a: &a [1, *a]\n", [("DF0117", 1, 11)]),
    "alias deep inside itself": ("a: &a {b: {c: *a}}\n", [("DF0117", 1, 15)]),
    "alias of nothing": ("a: *b\nc: *d\n", [("DF0118", 1, 4), ("DF0118", 2, 4)]),
    "two documents": ("a: 1\n---\nb: 1\n", [("DF0108", 2, 1)]),
    "digits": ("a: " + "1" * 5000 + "\nb: 0x" + "f" * 5000 + "\n", [("DF0119", 1, 4), ("DF0119", 2, 4)]),
    "digits in JSON": ('{"a": ' + "1" * 5000 + "}", [("DF0119", 1, 7)]),
    "overflow": ("a: 1e400\nb: [-1e999]\n", [("DF0120", 1, 4), ("DF0120", 2, 5)]),
    "overflow in JSON": ('{"a": 1e400}', [("DF0120", 1, 7)]),
    "leading zeros": ("a: 0777\nb: -007\nc: &x 00\n", [("DF0121", 1, 4), ("DF0121", 2, 4), ("DF0121", 3, 7)]),
    "NUL": ("a: 1\nb: x\0y\n", [("DF0105", 2, 5)]),
    "control characters": ("a: é\x7f\n", [("DF0105", 1, 5)]),
    "BOM inside": ("a: 1\n\ufeffb: 2\n", [("DF0105", 2, 1)]),
    "surrogate": ('a: "x\ud800"\n', [("DF0105", 1, 6)]),
    "escaped surrogate": ('a: 1\nb: "\\ud83d\\ude00 \\ude00"\n', [("DF0106", 2, 18)]),
    "escaped surrogate in JSON": ('{"a": "\\ud83d"}', [("DF0106", 1, 8)]),
    "many": (
        "a: 1\na: 2\n1: 3\nb: !x 4\nc: *q\nd: {e: [\n",
        [("DF0110", 2, 1), ("DF0114", 3, 1), ("DF0112", 4, 4), ("DF0118", 5, 4), ("DF0101", 7, 1)],
    ),
}  # fmt: skip

ACCEPTED: dict[str, tuple[str, Any]] = {
    "tabs between words": ("a: b\tc\nd:\te\nf: [\t1,\t2\t]\ng: h \t\n", {"a": "b\tc", "d": "e", "f": [1, 2], "g": "h"}),
    "breaks of YAML 1.1": (
        'a: x\x85y \u2028 z # \u2029 c: d\nb: "p\u2028q\x85 r"\nc: |\n  s\u2029\n  t\n',
        {"a": "x\x85y \u2028 z", "b": "p\u2028q\x85 r", "c": "s\u2029\nt\n"},
    ),
    "surrogate pairs": ('a: "\\ud83d\\ude00 é"\nb: \\ud83d\n', {"a": "😀 é", "b": "\\ud83d"}),
    "aliases": ("a: &a [1, 2]\nb: *a\nc: [*a, *a]\n", {"a": [1, 2], "b": [1, 2], "c": [[1, 2], [1, 2]]}),
    "alias as key": ("c: &k key\nd: {*k : 1}\n", {"c": "key", "d": {"key": 1}}),
    "anchor twice": ("a: &a [&a 1, *a]\nb: *a\n", {"a": [1, 1], "b": 1}),
    "tags": (
        'a: !!str 1\nb: !!float 1\nc: !!int "7"\nd: !!null ~\ne: !!bool True\nf: !!float .inf\n!!str 3: 1\n',
        {"a": "1", "b": 1.0, "c": 7, "d": None, "e": True, "f": "Infinity", "3": 1},
    ),
    "quoted": ("'<<': 1\n\"1\": 'no'\n'': \"1e3\"\n", {"<<": 1, "1": "no", "": "1e3"}),
    "markers": ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
    "non-finite": ("a: [.inf, -.INF, .NaN]\n", {"a": ["Infinity", "-Infinity", "NaN"]}),
    "non-finite in JSON": ('{"a": [Infinity, -Infinity, NaN]}', {"a": ["Infinity", "-Infinity", "NaN"]}),
    "tabs before JSON": ('\t\r\n{\t"a"\t:\t1\t}\t', {"a": 1}),
    "flow mapping, not JSON": ("{a: b * c, d: [no, 1e-3]}\n", {"a": "b * c", "d": ["no", 1e-3]}),
    "long key": ('{"' + "k" * 5000 + '"\n: 1}', {"k" * 5000: 1}),
    "BOM": ("\ufeffa: 1", {"a": 1}),
}  # fmt: skip


@pytest.fixture(params=["libyaml", "Python"])
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python":
        monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    else:
        pytest.importorskip("yaml.cyaml")


def refuse(text: str) -> list[Diagnostic]:
    with pytest.raises(GraphError) as caught:
        read_tree(text)
    return list(caught.value.diagnostics)


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    text, expected = REFUSED[name]
    assert [(item.code, item.line, item.column) for item in refuse(text)] == expected


@pytest.mark.usefixtures("_either_parser")
def test_a_depth_that_a_parser_refuses_by_itself() -> None:
    """libyaml has a limit of its own since 0.2.6, and reads ahead: it may meet it before we count."""
    assert [(item.code, item.line) for item in refuse("a: " + "[" * 30_000)] == [("DF0115", 1)]


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    text, expected = ACCEPTED[name]
    assert json.dumps(read_tree(text)) == json.dumps(expected)  # 1, 1.0 and true differ


@pytest.mark.usefixtures("_either_parser")
def test_depth_at_its_limit() -> None:
    inner = MAX_DEPTH - 1
    for text in ("a: " + "[" * inner + "]" * inner, '{"a": ' + "[" * inner + "]" * inner + "}"):
        value = read_tree(text)["a"]
        for _ in range(inner - 1):
            (value,) = value
        assert value == []


def test_aliases_at_their_limit() -> None:
    text = f"a: &a [{'1,' * 99}]\nb: [{'*a,' * (MAX_ALIASED_VALUES // 100)}]\n"
    assert len(read_tree(text)["b"]) == MAX_ALIASED_VALUES // 100
    (problem,) = refuse(text + "c: *a\n")
    assert (problem.code, problem.line) == ("DF0116", 3)


def test_messages_say_what_to_do() -> None:
    assert "the first is in line 1" in refuse("a: 1\nb: 2\na: 3\n")[0].message
    assert refuse("a: &abc 1\nb: *abd\n")[0].hint == "did you mean `*abc`?"
    assert "must be quoted" in str(refuse("y: {a: b[1, 2]}\n")[0].hint)
    assert "must be quoted" in str(refuse("a: b: c\n")[0].hint)
    assert "indent with blanks" in str(refuse("a:\n\tb: 1\n")[0].hint)
    assert "2 more such characters" in refuse("a: \0\0\0")[0].message


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_as_it_was(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        read_tree("a: 1")
        assert gc.isenabled() == enabled
        refuse("a: 1\na: 2")
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()


CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff", include_characters="\n\t\0\x85"
)
KEYS = st.text(CHARACTERS, max_size=20)  # those of YAML end within 1,024 characters
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(CHARACTERS),
    lambda children: st.lists(children) | st.dictionaries(KEYS, children),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, DATA), st.booleans(), st.sampled_from([None, 0, 2, "\t"]))
def test_json_reads_as_json(data: dict[str, Any], ascii_only: bool, indent: int | str | None) -> None:
    text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    assert json.dumps(read_tree(text)) == json.dumps(data)


@given(st.dictionaries(KEYS, DATA, min_size=1), st.booleans())
def test_json_read_as_yaml_is_the_same(data: dict[str, Any], ascii_only: bool) -> None:
    # The leading comment makes it a YAML document: its events are read, not its JSON.
    text = "# YAML\n" + json.dumps(data, ensure_ascii=ascii_only)
    assert json.dumps(read_tree(text)) == json.dumps(data)


@given(st.text(st.sampled_from(list("ab:-,[]{}'\"|>&*!#% \n\t\\?1.")), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tree = read_tree(text)
    except GraphError as error:
        lines = text.split("\n")
        for problem in error.diagnostics:
            assert problem.line is not None
            assert problem.column is not None
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
    else:
        assert json.loads(json.dumps(tree)) == tree


@pytest.mark.usefixtures("_either_parser")
def test_events_end() -> None:
    assert len(list(iter(open_events("a: 1"), None))) == 8


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        ("a: 1".encode("utf-16"), "DF0104", 1, 1),
        ("a: 1".encode("utf-16-le"), "DF0104", 1, 1),
        ("a: 1".encode("utf-16-be"), "DF0104", 1, 1),
        ("a: 1".encode("utf-32"), "DF0104", 1, 1),
        ("a: 1".encode("utf-32-be"), "DF0104", 1, 1),
        (b"\0\0\xfe\xff\0\0\0a", "DF0104", 1, 1),
        ("a: 1\nb: é".encode("latin-1"), "DF0103", 2, 4),
        ("é: 线\n性".encode() + b"\xe7\xba", "DF0103", 2, 2),
        (b"\xef\xbb\xbfa: \xff", "DF0103", 1, 4),
        (b"a: \xed\xa0\x80", "DF0103", 1, 4),
    ],
)
def test_bytes_that_are_refused(data: bytes, code: str, line: int, column: int) -> None:
    with pytest.raises(GraphError) as caught:
        decode(data, "g.yaml")
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.file, problem.line, problem.column) == (code, "g.yaml", line, column)


def test_bytes_that_are_text() -> None:
    assert decode(b"", "g.yaml") == ""
    assert decode("\ufeffé😀\r\n".encode(), "g.yaml") == "é😀\r\n"
    assert decode(b"a\0", "g.yaml") == "a\0"  # refused later, with its place


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_bytes("a: é\r\n".encode())
    assert read_text(str(path)) == "a: é\r\n"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("a: é\n".encode()), encoding="ascii"))
    assert read_text("-") == "a: é\n"
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ResourceError, match="standard input is closed"):
        read_text("-")


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lecture.yaml").write_text("a: 1")
    for name, message in [
        ("lectrue.yaml", "did you mean `.*lecture.yaml`"),
        ("none/g.yaml", "there is no folder"),
        ("lecture.yaml/g.yaml", "cannot read"),
        (".", "cannot read"),
        ("a\0b", "cannot read"),
    ]:
        with pytest.raises(ResourceError, match=message) as caught:
            read_text(f"{tmp_path}/{name}")
        assert caught.value.diagnostics[0].code == "DF0801"


def test_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as stream:
        stream.truncate(1_000_000_001)
    with pytest.raises(ResourceError) as caught:
        read_text(str(path))
    assert caught.value.diagnostics[0].code == "DF0820"
