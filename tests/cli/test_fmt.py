"""`dataflow fmt`: files rewritten whole or left alone, what is said about them, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from dataflow import load
from dataflow.cli import main
from dataflow.cli.hunks import unified

ROOT = Path(__file__).parent.parent.parent
GRAPHS = sorted(map(str, (ROOT / "graphs").glob("*.yaml")))

MESSY = "dataflow:   1\ntarget: y\nnodes:\n    y : 3*x   # thrice\ninputs: {x: 5}\n"
CLEAN = "dataflow: 1\n\ninputs: {x: 5}\n\nnodes:\n  y: 3 * x   # thrice\n\ntarget: y\n"
BROKEN = "dataflow: 1\nnodes:\n    y:   3*x\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("messy.yaml", MESSY), ("clean.yaml", CLEAN), ("broken.yaml", BROKEN)):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["fmt", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))


def test_files_are_rewritten_in_place_and_named(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    before = load("messy.yaml")
    assert run(capsys, "messy.yaml", "clean.yaml") == (0, "messy.yaml: rewritten\n1 of 2 graphs rewritten\n", "")
    assert Path("messy.yaml").read_text() == Path("clean.yaml").read_text() == CLEAN
    assert load("messy.yaml") == before
    assert run(capsys, "messy.yaml", "clean.yaml") == (0, "2 graphs: nothing to change\n", "")
    assert run(capsys, "messy.yaml") == (0, "messy.yaml: nothing to change\n", "")
    assert sorted(os.listdir()) == ["broken.yaml", "clean.yaml", "messy.yaml"]


def test_the_gallery_is_in_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--check", *GRAPHS) == (0, f"{len(GRAPHS)} graphs: nothing to change\n", "")


def test_what_is_in_form_is_not_written_to(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    os.utime("clean.yaml", ns=(1, 1))
    about = os.stat("clean.yaml")
    assert run(capsys, "clean.yaml")[0] == 0
    assert (os.stat("clean.yaml").st_mtime_ns, os.stat("clean.yaml").st_ino) == (1, about.st_ino)


def test_checking_changes_nothing(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(capsys, "--check", "messy.yaml", "clean.yaml")
    assert (code, out, err) == (1, "messy.yaml: would be rewritten\n1 of 2 graphs would be rewritten\n", "")
    assert Path("messy.yaml").read_text() == MESSY
    assert run(capsys, "--check", "clean.yaml") == (0, "clean.yaml: nothing to change\n", "")


def test_a_difference_that_patch_can_read(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(capsys, "--diff", "messy.yaml", "clean.yaml")
    assert (code, err) == (0, "")
    assert out.startswith("--- messy.yaml\n+++ messy.yaml\n@@ -1,5 +1,8 @@\n-dataflow:   1\n")
    assert Path("messy.yaml").read_text() == MESSY
    assert run(capsys, "--diff", "--check", "messy.yaml")[:2] == (1, out)
    if shutil.which("patch"):
        subprocess.run(["patch", "-s"], input=out, text=True, check=True, timeout=60)
        assert Path("messy.yaml").read_text() == CLEAN


def test_a_broken_file_is_left_alone_and_the_others_are_not(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, err = run(capsys, "broken.yaml", "messy.yaml", "missing.yaml")
    assert code == 4
    assert out == "messy.yaml: rewritten\n"
    assert "error[DF0203]" in err
    assert "--> broken.yaml:3:12" in err
    assert "cannot read `missing.yaml`" in err
    assert Path("broken.yaml").read_text() == BROKEN
    assert run(capsys, "broken.yaml")[0] == run(capsys, "--check", "broken.yaml")[0] == 1


def test_as_data(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    code, out, err = run(capsys, "--format", "json", "--check", "--diff", "messy.yaml", "clean.yaml", "broken.yaml")
    assert (code, err) == (1, "")
    data = json.loads(out)
    assert (data["changed"], data["unchanged"]) == (["messy.yaml"], ["clean.yaml"])
    assert [(item["code"], item["file"], item["line"]) for item in data["diagnostics"]] == [
        ("DF0203", "broken.yaml", 3)
    ]
    assert list(data["diffs"]) == ["messy.yaml"]
    give(monkeypatch, MESSY)
    code, out, _ = run(capsys, "--format", "json", "-")
    assert json.loads(out) == {"changed": ["<stdin>"], "unchanged": [], "diagnostics": [], "text": CLEAN}


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (MESSY, CLEAN):
        give(monkeypatch, text)
        assert run(capsys, "-") == (0, CLEAN, "")
    give(monkeypatch, BROKEN)
    code, out, err = run(capsys, "-")
    assert (code, out) == (1, "")
    assert "<stdin>:3:12" in err
    give(monkeypatch, MESSY)
    assert run(capsys, "--check", "-")[:2] == (1, "<stdin>: would be rewritten\n")
    code, out, err = run(capsys, "-", "messy.yaml")
    assert (code, out) == (2, "")
    assert "error[DF0921]" in err
    assert Path("messy.yaml").read_text() == MESSY


def test_a_mark_at_the_beginning_and_the_ends_of_lines_stay(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    Path("bom.yaml").write_bytes(b"\xef\xbb\xbf" + MESSY.replace("\n", "\r\n").encode())
    assert run(capsys, "bom.yaml")[0] == 0
    assert Path("bom.yaml").read_bytes() == b"\xef\xbb\xbf" + CLEAN.replace("\n", "\r\n").encode()
    assert run(capsys, "--check", "bom.yaml")[0] == 0


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="there are no links")
def test_links_and_permissions_stay(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "deep").mkdir()
    shutil.move("messy.yaml", "deep/real.yaml")
    os.chmod("deep/real.yaml", 0o640)
    os.symlink("deep/real.yaml", "link.yaml")
    assert run(capsys, "link.yaml")[:2] == (0, "link.yaml: rewritten\n")
    assert os.path.islink("link.yaml")
    assert Path("deep/real.yaml").read_text() == CLEAN
    assert stat.S_IMODE(os.stat("deep/real.yaml").st_mode) == 0o640
    assert os.listdir("deep") == ["real.yaml"]


def test_a_protected_file_is_left_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    os.chmod("messy.yaml", 0o444)
    monkeypatch.setattr("os.access", lambda *_: False)  # as it is for everybody but an administrator
    code, out, err = run(capsys, "messy.yaml")
    assert (code, out) == (4, "")
    assert "error[DF0806]: cannot write `messy.yaml`" in err
    assert "change its permissions" in err
    assert Path("messy.yaml").read_text() == MESSY


def test_a_disk_that_is_full_leaves_all_as_it_was(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    code, out, err = run(capsys, "messy.yaml")
    assert (code, out) == (4, "")
    assert "error[DF0807]" in err
    assert "free some space" in err
    assert Path("messy.yaml").read_text() == MESSY
    assert sorted(os.listdir()) == ["broken.yaml", "clean.yaml", "messy.yaml"]


def test_what_another_program_wrote_meanwhile_stays(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: Path("messy.yaml").write_text("mine\n"))
    code, _, err = run(capsys, "messy.yaml")
    assert code == 4
    assert "error[DF0923]" in err
    assert Path("messy.yaml").read_text() == "mine\n"
    assert sorted(os.listdir()) == ["broken.yaml", "clean.yaml", "messy.yaml"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_cannot_be_rewritten(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    os.mkfifo("pipe")
    code, _, err = run(capsys, "pipe")
    assert code == 4
    assert "error[DF0922]" in err
    (folder / "sub").mkdir()
    assert "error[DF0801]" in run(capsys, "sub")[2]


def test_a_bug_is_told_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("dataflow.document.formatter.rewrite", lambda *_: "dataflow: 1\n")
    code, _, err = run(capsys, "messy.yaml")
    assert code == 70
    assert "error[DF0920]" in err
    assert Path("messy.yaml").read_text() == MESSY


def test_operators_of_a_plugin(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    Path("my_ops.py").write_text(
        "from dataflow import Operator, hookimpl\n@hookimpl\ndef dataflow_operators():\n"
        "    return [Operator('exq', 'z = x', forward=lambda xp, x: x, backward={'x': None})]\n"
    )
    Path("g.yaml").write_text("{dataflow: 1, inputs: {x: 1}, nodes: {y: exq( x )}}")
    assert run(capsys, "g.yaml")[0] == 1
    assert run(capsys, "g.yaml", "--plugin", "my_ops.py")[0] == 0
    assert Path("g.yaml").read_text() == "{dataflow: 1, inputs: {x: 1}, nodes: {y: exq(x)}}\n"


# --- differences ---------------------------------------------------------------------------------------------------


def apply(before: str, hunks: str) -> str:
    """What a patch makes of a text, by the definition of the form."""
    lines, result, at = before.split("\n"), [], 0
    parts = hunks.split("\n")[2:-1]
    for index, line in enumerate(parts):
        ends = index + 1 < len(parts) and parts[index + 1].startswith("\\")
        if line.startswith("@@"):
            start, count = [*line.split()[1][1:].split(","), "1"][:2]
            begin = int(start) - (count != "0")
            result += [f"{item}\n" for item in lines[at:begin]]
            at = begin
        elif line[0] in " -":
            assert lines[at] == line[1:]
            at += 1
        if line[0] in " +" and not line.startswith("@@"):
            result.append(line[1:] + ("" if ends else "\n"))
    return "".join(result) + "\n".join(lines[at:])


@pytest.mark.parametrize("seed", range(60))
def test_a_difference_leads_from_one_text_to_the_other(seed: int) -> None:
    rng = random.Random(seed)
    first = [rng.choice("abcdefgh") * rng.randint(1, 2) for _ in range(rng.randint(0, 60))]
    second = [item for line in first for item in rng.choice([[line]] * 8 + [[], [line, "x"], ["y"]])]
    if seed % 5 == 0:
        rng.shuffle(second)
    before = "".join(f"{line}\n" for line in first).rstrip("\n" if seed % 3 == 0 else "")
    after = "".join(f"{line}\n" for line in second)
    hunks = "".join(unified(before, after, "a", "b"))
    assert (hunks == "") == (before == after)
    assert apply(before, hunks) == after


def test_a_long_difference_is_found_line_by_line() -> None:
    before = "".join(f"line {i}\n" for i in range(30_000))
    after = "".join(f"line {i}\n" if i % 3 else f"other {i}\n" for i in range(30_000))
    lines = list(unified(before, after, "a", "b"))
    assert sum(line.startswith("-line") for line in lines) == sum(line.startswith("+other") for line in lines) == 10_000
