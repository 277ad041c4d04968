"""Bad input of every kind ends in a diagnostic with its place and an exit code: no traceback, no hang, no result.

A file in ``bad/`` says in its first line what it gets: ``# expect: DF0203 9:6, ...`` from ``validate`` and ``exec``
alike, or ``# expect when run: ...`` where only running shows it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dataflow.cli import main

BAD = Path(__file__).parent / "bad"
FILES = sorted(path.name for path in BAD.glob("*.yaml"))
HEADER = re.compile(r"# expect( when run)?: (.+)\n")

Problems = list[tuple[str, int | None, int | None]]  # code, line, column

HEAD = "dataflow: 1\n"
SMALL = "dataflow: 1\ninputs: {a: 1}\nnodes: {J: 2 * a}\ntarget: J\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Tool:
    """The command, run in this process, with what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def ask(self, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        code = main([*arguments, "--format", "json"])
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, json.loads(printed.out).get("diagnostics", []) if code else []

    def check(self, *arguments: str) -> tuple[int, Problems]:
        code, found = self.ask(*arguments)
        return code, [(item["code"], item.get("line"), item.get("column")) for item in found]


@pytest.fixture
def tool(capsys: pytest.CaptureFixture[str]) -> Tool:
    return Tool(capsys)


def expected_of(text: str) -> tuple[bool, Problems]:
    match = HEADER.match(text)
    assert match is not None, "the first line says what to expect"
    found: Problems = []
    for part in match[2].split(", "):
        code, line, column = re.split("[ :]", part)
        found.append((code, int(line), int(column)))
    return match[1] is not None, found


@pytest.mark.parametrize("name", FILES)
def test_file(name: str, tool: Tool, tmp_path: Path) -> None:
    path = str(BAD / name)
    only_when_run, expected = expected_of((BAD / name).read_text(encoding="utf-8"))
    assert tool.check("validate", path) == ((0, []) if only_when_run else (1, expected))
    assert tool.check("exec", path) == (1, expected)
    assert expected == sorted(expected, key=lambda item: item[1:])
    assert list(tmp_path.iterdir()) == []


BYTES: dict[str, tuple[bytes, Problems]] = {
    "empty": (b"", [("DF0107", 1, 1)]),
    "blank": (b"  \n\n", [("DF0107", 1, 1)]),
    "byte order mark alone": (b"\xef\xbb\xbf", [("DF0107", 1, 1)]),
    "second byte order mark": (b"\xef\xbb\xbfdataflow: 1\n\xef\xbb\xbfnodes: {u: 1}\n", [("DF0105", 2, 1)]),
    "UTF-16": (SMALL.encode("utf-16"), [("DF0104", 1, 1)]),
    "UTF-16 without a mark": (SMALL.encode("utf-16-be"), [("DF0104", 1, 1)]),
    "UTF-32": (SMALL.encode("utf-32"), [("DF0104", 1, 1)]),
    "Latin-1": ("dataflow: 1\ndescription: café\n".encode("latin-1"), [("DF0103", 2, 17)]),
    "GBK": ("dataflow: 1\ndescription: 线性\n".encode("gbk"), [("DF0103", 2, 14)]),
    "cut within a character": (b"dataflow: 1\nname: \xe7\xba", [("DF0103", 2, 7)]),
    "surrogate in UTF-8": (b"dataflow: 1\nname: \xed\xa0\x80\n", [("DF0103", 2, 7)]),
    "NUL": (b"dataflow: 1\nname: a\0b\n", [("DF0105", 2, 8)]),
    "escape": (b"dataflow: 1\nname: \x1b[31mred\n", [("DF0105", 2, 7)]),
    "form feed": (b"dataflow: 1\n\x0cname: a\n", [("DF0105", 2, 1)]),
    "lone surrogate escape": (b'dataflow: 1\nname: "\\ud800"\n', [("DF0106", 2, 8)]),
    "binary": (bytes(range(128)) * 8, [("DF0105", 1, 1)]),
    "CR LF": (b"dataflow: 1\r\ninputs: {a: 1}\r\nnodes:\r\n  u: 2 * (a + b)\r\n", [("DF0203", 4, 15)]),
    "CR": (b"dataflow: 1\rinputs: {a: 1}\rnodes:\r  u: 2 * (a + b)\r", [("DF0203", 4, 15)]),
    "NEL and LS are no line ends":
        ("dataflow: 1\nname: 'a\x85b\u2028c'\nnodes: {u: q}\n".encode(), [("DF0203", 3, 12)]),
    "JSON": (b'{"dataflow": 1,\n\t"nodes": {"u": "2 * (3 + b)"}}', [("DF0203", 2, 27)]),
    "JSON with a comma too many": (b'{"dataflow": 1, "nodes": {"u": "1 / b",},}', [("DF0203", 1, 37)]),
    "JSON cut short": (b'{"dataflow": 1, "nodes": {"u": 1', [("DF0101", 1, 26)]),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
def test_bytes(name: str, tool: Tool, tmp_path: Path) -> None:
    data, expected = BYTES[name]
    path = tmp_path / "graph.yaml"
    path.write_bytes(data)
    assert tool.check("validate", str(path)) == (1, expected)
    assert tool.check("exec", str(path)) == (1, expected)
    assert list(tmp_path.iterdir()) == [path]


def _laughs(levels: int) -> str:
    text = HEAD + "inputs:\n  a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
    for level in range(1, levels):
        text += f"  a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n"
    return text


def _ring(size: int) -> str:
    return HEAD + "nodes:\n" + "".join(f"  n{index}: n{(index + 1) % size} + 1\n" for index in range(size))


LARGE: dict[str, tuple[str, Problems]] = {  # made on the spot: nobody wants to read them
    "lists 900 deep": (HEAD + "inputs:\n  a: " + "[" * 900 + "]" * 900, [("DF0115", 3, 68)]),  # libyaml stops at 1000
    "mappings 30,000 deep": ("{a: " * 30_000 + "}" * 30_000, [("DF0115", 1, 257)]),
    "blocks 300 deep": ("\n".join(" " * depth + "a:" for depth in range(300)), [("DF0115", 65, 65)]),
    "JSON 30,000 deep": ('{"a": ' * 30_000, [("DF0115", 1, 6 * 64 + 1)]),
    "expression 30,000 deep": (HEAD + "nodes:\n  u: " + "(" * 30_000 + "1" + ")" * 30_000, [("DF0302", 3, 6)]),
    "expression 250 deep": (HEAD + "nodes:\n  u: " + "(" * 250 + "1" + ")" * 250, [("DF0302", 3, 6)]),
    "signs 900 deep": (HEAD + "nodes:\n  u: " + "-" * 2000 + "q", [("DF0302", 3, 6)]),
    "expression of 1,001 operations": (HEAD + "nodes:\n  u: " + "+".join(["1"] * 1002), [("DF0302", 3, 6)]),
    "expression of a megabyte": (HEAD + "nodes:\n  u: " + "+".join(["1"] * 500_000), [("DF0302", 3, 6)]),
    "billion laughs": (_laughs(9), [("DF0116", 8, 40)]),
    "cycle of 100,000": (_ring(100_000), [("DF0220", 3, 7)]),
    "integer of 5,000 digits": (HEAD + "inputs:\n  a: " + "7" * 5000, [("DF0119", 3, 6)]),
    "integer of 5,000 digits in an expression": (HEAD + "nodes:\n  u: 2 * " + "7" * 5000, [("DF0120", 3, 6)]),
    "hexadecimal of 5,000 digits": (HEAD + "inputs:\n  a: 0x" + "f" * 5000, [("DF0119", 3, 6)]),
    "real of 5,000 digits": (HEAD + "inputs:\n  a: " + "7" * 5000 + ".0", [("DF0120", 3, 6)]),
    "key of 5,000 characters": (HEAD + "inputs:\n  " + "k" * 5000 + ": 1\n", [("DF0101", 3, 5003)]),
    "5,000 unknown names": (
        HEAD + "nodes:\n" + "".join(f"  n{index}: m{index} + 1\n" for index in range(5_000)),
        [("DF0203", 3 + index, 6 + len(str(index))) for index in range(5_000)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_large(name: str, tool: Tool, tmp_path: Path) -> None:
    text, expected = LARGE[name]
    (tmp_path / "graph.yaml").write_text(text)
    assert tool.check("validate", "graph.yaml") == (1, expected)


def test_what_many_cycles_share_does_not_take_forever(tool: Tool, tmp_path: Path) -> None:
    """Every node of a chain needs the first one too: as many cycles as nodes, of any length."""
    size = 30_000
    lines = [f"  n{index}: n{index + 1} + n0\n" for index in range(size)]
    (tmp_path / "graph.yaml").write_text(HEAD + "nodes:\n" + "".join(lines) + f"  n{size}: 1\n")
    code, found = tool.ask("validate", "graph.yaml")
    assert code == 1
    assert {item["code"] for item in found} == {"DF0220"}
    assert found[0]["line"] == 3


def test_every_problem_is_told_with_what_to_do(tool: Tool) -> None:
    _, found = tool.ask("validate", str(BAD / "many_problems.yaml"))
    assert len(found) == 14
    hints = {item["code"]: item.get("hint", item.get("expected")) for item in found}
    assert hints["DF0250"] == "did you mean `dtype`?"
    assert hints["DF0201"] == "call it `lambda_`"
    assert hints["DF0401"] == "did you mean `sigmoid`?"
    assert hints["DF0303"] == "for a power write `**`"
    assert all(hints.values())


def test_problems_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(BAD / "name_dangling.yaml")
    assert main(["validate", path]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(
        f"error[DF0203]: unknown name `alhpa`\n  --> {path}:6:6\n  |\n6 |   u: alhpa * 2\n  |      ^^^^^\n"
        "  = help: did you mean `alpha`?\n\nerror[DF0203]: unknown name `zzz`\n"
    )


def test_several_files_at_once(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "sound.yaml").write_text(SMALL)
    files = [str(BAD / "cycle_self.yaml"), "sound.yaml", "missing.yaml", str(BAD / "cycle_two.yaml")]
    code, found = tool.ask("validate", *files)
    assert code == 4  # the worst: a file that is not there
    assert [item["code"] for item in found] == ["DF0220", "DF0801", "DF0220"]
    assert [Path(item["file"]).name for item in found] == ["cycle_self.yaml", "missing.yaml", "cycle_two.yaml"]


def test_unreadable(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text(SMALL)
    code, found = tool.ask("exec", "grahp.yaml")
    assert (code, found[0]["code"], found[0]["hint"]) == (4, "DF0801", "did you mean `graph.yaml`?")
    assert tool.check("exec", str(tmp_path))[0] == 4
    assert tool.check("exec", "no/such/folder/graph.yaml")[0] == 4
    assert tool.check("exec", "graph\0.yaml")[0] == 4


SETTINGS: dict[str, tuple[list[str], int, str]] = {
    "no value": (["--set", "a"], 2, "DF0903"),
    "empty value": (["--set", "a="], 2, "DF0903"),
    "blank value": (["--set", "a=  "], 2, "DF0903"),
    "no name": (["--set", "=7"], 2, "DF0903"),
    "twice": (["--set", "a=1", "--set", "a=2"], 2, "DF0903"),
    "nothing": (["--set"], 2, "DF0901"),
    "unknown name": (["--set", "c=7"], 2, "DF0904"),
    "node": (["--set", "J=7"], 2, "DF0904"),
    "hidden node": (["--set", "J#1=7"], 2, "DF0904"),
    "text": (["--set", "a=seven"], 2, "DF0903"),
    "expression": (["--set", "a=2 * 3"], 2, "DF0903"),
    "code": (["--set", "a=__import__('os')"], 2, "DF0903"),
    "mapping": (["--set", "a={b: 1}"], 1, "DF0502"),
    "open bracket": (["--set", "a=[1"], 2, "DF0903"),
    "tag": (["--set", "a=!!python/name:os.system x"], 2, "DF0903"),
    "too large": (["--set", "a=1e400"], 2, "DF0903"),
    "5,000 digits": (["--set", "a=" + "7" * 5000], 2, "DF0903"),
    "400 digits": (["--set", "a=" + "7" * 400], 1, "DF0512"),
    "boolean": (["--set", "a=true"], 1, "DF0502"),
    "list for a number": (["--set", "a=[1, 2]"], 1, "DF0503"),
    "list of one for a number": (["--set", "a=[1]"], 1, "DF0503"),
    "number for a list": (["--set", "x=1"], 1, "DF0503"),
    "too long a list": (["--set", "x=[1, 2, 3]"], 1, "DF0503"),
    "ragged": (["--set", "x=[[1], 2]"], 1, "DF0501"),
    "text in a list": (["--set", "x=[1, b]"], 1, "DF0502"),
    "real for an integer": (["--set", "i=1.5"], 1, "DF0502"),
    "integer too large": (["--set", "i=128"], 1, "DF0512"),
    "target unknown": (["--target", "K"], 2, "DF0905"),
    "target integer": (["--target", "k"], 1, "DF0232"),
    "target array": (["--target", "y"], 1, "DF0233"),
    "only unknown": (["--only", "K"], 2, "DF0905"),
}  # fmt: skip

GRAPH = """\
dataflow: 1
inputs:
  a: 2
  x: [1, 2]
  i: {value: 3, dtype: int8}
nodes:
  y: 2 * x
  k: i + 1
  J: 3 * (a + sum(y))
target: J
"""


@pytest.mark.parametrize("name", SETTINGS)
def test_setting(name: str, tool: Tool, tmp_path: Path) -> None:
    arguments, code, kind = SETTINGS[name]
    (tmp_path / "graph.yaml").write_text(GRAPH)
    found, problems = tool.ask("exec", "graph.yaml", *arguments)
    assert (found, [item["code"] for item in problems]) == (code, [kind])
    assert len(problems[0]["message"]) < 200
    assert [path.name for path in tmp_path.iterdir()] == ["graph.yaml"]


def test_nothing_in_a_file_is_run(tool: Tool, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    texts = [
        f"__import__('os').system('touch {marker}')",
        f"open('{marker}', 'w')",
        f"exec(\"open('{marker}', 'w')\")",
        f"[open(n, 'w') for n in ['{marker}']]",
        f"(lambda: open('{marker}', 'w'))()",
        f'f\'{{open("{marker}", "w")}}\'',
        f"(m := open('{marker}', 'w'))",
        f"sum(a, axis=open('{marker}', 'w'))",
        f"a[open('{marker}', 'w')]",
    ]
    nodes = {f"n{index}": text for index, text in enumerate(texts)}
    document = {"dataflow": 1, "inputs": {"a": 1}, "nodes": nodes}
    (tmp_path / "graph.yaml").write_text(json.dumps(document))
    code, found = tool.ask("exec", "graph.yaml")
    assert code == 1
    assert {item["node"] for item in found} == set(nodes)
    assert not marker.exists()
