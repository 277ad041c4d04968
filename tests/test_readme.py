"""Every code block of both READMEs does what it says: it is loaded, run, and compared with the output that it shows.

A block whose first line is ``# NAME.yaml`` or ``# NAME.py`` is a file of that name. In a console block the lines after
``$ command`` are its whole output, ``...`` standing for any lines; a command without them has only to succeed. In a
Python block ``print(...)  # text`` prints that text. A Mermaid block stands in a file that a command before it wrote. A
section (``##``) starts afresh, with the gallery in `graphs`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import dataflow

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh.md")
INSTALLATION = re.compile(r"python -m venv \S+|\. \S+/activate|pip install .+|pytest")  # `.ci/run` runs these

JQ = r"""
import json, re, sys
value = json.load(sys.stdin)
for key in re.findall(r"\w+", sys.argv[-1]):
    value = value[int(key) if key.isdigit() else key]
print(json.dumps(value, separators=(",", ":") if "-c" in sys.argv else None))
"""


class Block(NamedTuple):
    language: str
    text: str
    line: int  # of its fence

    @property
    def file(self) -> str | None:
        """The file that it says it is."""
        named = re.match(r"# (\w+\.(?:py|yaml))\n", self.text)
        return named[1] if named else None


class Section(NamedTuple):
    title: str
    blocks: list[Block]


def read_sections(name: str) -> list[Section]:
    """The sections of a README that have blocks; fences and headings alike begin in the first column."""
    sections = [Section("top", [])]
    fence: tuple[str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
        if fence is None and line.startswith("```"):
            fence, lines = (line[3:], number), []
        elif fence is not None and line == "```":
            sections[-1].blocks.append(Block(fence[0], "\n".join([*lines, ""]), fence[1]))
            fence = None
        elif fence is not None:
            lines.append(line)
        elif line.startswith("## "):
            sections.append(Section(line[3:], []))
    assert fence is None, f"{name}:{fence}: the block does not end"
    return [section for section in sections if section.blocks]


SECTIONS = [
    pytest.param(name, section, id=f"{name}-{index}")
    for name in READMES
    for index, section in enumerate(read_sections(name))
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: with the gallery, and the commands that the READMEs use on the path."""
    shutil.copytree(ROOT / "graphs", tmp_path / "graphs")
    commands = tmp_path / ".commands"
    commands.mkdir()
    (commands / "jq.py").write_text(JQ)
    for name, call in (("dataflow", "-m dataflow"), ("python", ""), ("jq", f"'{commands / 'jq.py'}'")):
        script = commands / name
        script.write_text(f"#!/bin/sh\nexec '{sys.executable}' {call} \"$@\"\n")
        script.chmod(0o755)
    places = [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, places)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )


def run_bash(block: Block, names: dict[str, Any]) -> None:
    for line in block.text.splitlines():
        commands = [part for part in line.split(" && ") if not INSTALLATION.fullmatch(part)]
        assert len(commands) < len(line.split(" && ")), "what is no installation belongs into a console block"
        for command in commands:
            process = run_shell(command)
            assert process.returncode == 0, process.stdout


def run_console(block: Block, names: dict[str, Any]) -> None:
    first, *entries = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not first, "a console block begins with `$ `"
    for entry in entries:
        command, _, shown = entry.partition("\n")
        process = run_shell(command)
        fails = "error[" in shown
        assert bool(process.returncode) == fails, f"{command}\nexit code {process.returncode}\n{process.stdout}"
        assert process.returncode in (0, 1, 2, 3, 4)
        if shown:
            lines = shown.splitlines()
            pattern = "".join("(?s:.*)" if line.strip() == "..." else re.escape(line + "\n") for line in lines)
            assert re.fullmatch(pattern, process.stdout) is not None, f"{command}\nprinted:\n{process.stdout}"


def run_python(block: Block, names: dict[str, Any]) -> None:
    if block.file is not None:
        Path(block.file).write_text(block.text)
        compile(block.text, block.file, "exec")
        return
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, f"line {block.line}", "exec"), names)
    assert printed.getvalue().splitlines() == re.findall(r"print\(.*\)  # (.*)", block.text)


def run_yaml(block: Block, names: dict[str, Any]) -> None:
    """Load the graph; run it, if it needs no operator that only a plugin has."""
    graph_file = Path(block.file or f"graphs/line_{block.line}.yaml")
    graph_file.write_text(block.text, encoding="utf-8")
    plugins = [str(path) for path in Path().glob("*_ops.py")]
    graph = dataflow.load(graph_file, dataflow.standard().with_files(plugins))
    twin = Path("graphs", f"{graph.name}.yaml")
    assert not twin.exists() or graph == dataflow.load(twin), f"it differs from {twin}"
    assert dataflow.execute(graph).values


def run_json(block: Block, names: dict[str, Any]) -> None:
    assert json.loads(block.text)


def run_mermaid(block: Block, names: dict[str, Any]) -> None:
    fenced = f"```mermaid\n{block.text}```\n"
    assert any(path.read_text(encoding="utf-8") == fenced for path in Path().glob("*.md")), "no command draws this"


def run_toml(block: Block, names: dict[str, Any]) -> None:
    assert tomllib.loads(block.text)


RUNNERS = {
    "bash": run_bash,
    "console": run_console,
    "json": run_json,
    "mermaid": run_mermaid,
    "python": run_python,
    "toml": run_toml,
    "yaml": run_yaml,
}


@pytest.mark.parametrize(("name", "section"), SECTIONS)
def test_blocks(name: str, section: Section, folder: Path) -> None:
    names: dict[str, Any] = {"__name__": name}
    for block in section.blocks:
        place = f"{name}:{block.line}"
        assert block.language in RUNNERS, f"{place}: no way to try out {block.language!r}"
        try:
            RUNNERS[block.language](block, names)
        except Exception as error:
            raise AssertionError(f"{place}: {error}") from error


def without_comments(block: Block) -> tuple[str, str]:
    """A block without what a translation may change: comments that name no file, descriptions, explanations."""
    if block.text.startswith("$ dataflow explain "):
        return block.language, block.text.partition("\n")[0].removesuffix(" --language zh")
    if block.language in ("console", "json", "mermaid"):
        return block.language, block.text
    lines = [line for line in block.text.splitlines() if not line.startswith("description: ")]
    if "description: >-" in block.text:  # the text stands on indented lines of its own, up to the empty one
        start = next(index for index, line in enumerate(lines) if line.startswith("name: "))
        lines[start + 1 : lines.index("", start)] = []
    kept = block.file or ""
    return block.language, "\n".join([kept, *(re.sub(r" *(?<!\S)# .*", "", line) for line in lines)])


def test_both_have_the_same_blocks() -> None:
    english, chinese = (
        [[without_comments(block) for block in section.blocks] for section in read_sections(name)] for name in READMES
    )
    assert len(english) == len(chinese)
    for first, second in zip(english, chinese, strict=True):
        assert first == second


@pytest.mark.parametrize("name", READMES)
def test_first_screen(name: str) -> None:
    """What it is, how to run it and its tests, and the lecture with its table; `.ci/run` reads the marked block."""
    top = read_sections(name)[0]
    assert [block.language for block in top.blocks] == ["bash", "bash", "yaml", "console"]
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.search(r"^<!-- test command -->\n```bash\n.*pip install -e \"\.\[test\]\" && pytest\n```$", text, re.M)
    assert dataflow.loads(top.blocks[2].text) == dataflow.load(ROOT / "graphs" / "lecture.yaml")


@pytest.mark.parametrize("name", READMES)
def test_links(name: str) -> None:
    """Every link within the repository leads somewhere."""
    text = (ROOT / name).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for link in re.findall(r"\]\(([^)]*)\)", text):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif "://" not in link:
            assert (ROOT / link).exists(), link


def test_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin of the README, installed with the entry point that stands there, is found without --plugin."""
    blocks = [block for section in read_sections("README.md") for block in section.blocks]
    files = {block.file: block.text for block in blocks if block.file}
    (toml,) = (block for block in blocks if block.language == "toml")
    points = tomllib.loads(toml.text)["project"]["entry-points"]["dataflow"]
    installed = folder / "installed"
    metadata = installed / "my_ops-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my_ops\nVersion: 1.0\n")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[dataflow]", *lines, ""]))
    (installed / "my_ops.py").write_text('__version__ = "1.0"\n' + files["my_ops.py"])
    Path("spring.yaml").write_text(files["spring.yaml"] + 'requires: {my_ops: ">=1.0"}\n')
    monkeypatch.setenv("PYTHONPATH", str(installed), prepend=os.pathsep)
    process = run_shell("dataflow exec spring.yaml -o - | jq .gradients.k")
    assert json.loads(process.stdout) == pytest.approx(0.07), process.stdout
