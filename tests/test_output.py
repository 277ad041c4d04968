"""Writing: whole or not at all, whatever happens."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dataflow import output, places
from dataflow.errors import ResourceError
from dataflow.output import TEMPORARY, write_whole
from dataflow.places import find_place, is_result
from dataflow.result import Result

ROOT = Path(__file__).parent.parent
ONE = b'{\n  "dataflow_result": 1,\n  "one": true\n}\n'
TWO = b'{\n  "dataflow_result": 1,\n  "two": true\n}\n'


def array_result(number: float, size: int = 2000) -> Result:
    """A result with a file of arrays, all of this number."""
    values = {"w": np.full(size, number)}
    return Result(name="g", digest="sha256:0a", target=None, values=values, gradients={"w": None},
                  types={"w": ("float64", (size,))})  # fmt: skip


def refused(path: Path | str, data: bytes = ONE) -> tuple[str, str]:
    """Code and text of the diagnostic with which writing is refused."""
    with pytest.raises(ResourceError) as caught:
        write_whole(path, data)
    assert caught.value.exit_code == 4
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.hint
    return diagnostic.code, diagnostic.message


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    write_whole(path, ONE)
    assert path.read_bytes() == ONE
    write_whole(str(path), TWO)
    assert path.read_bytes() == TWO
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_without_folder_is_of_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole("g.json", ONE)
    assert (tmp_path / "g.json").read_bytes() == ONE


def test_permissions_are_those_of_any_new_file_or_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    with umask(0o027):
        write_whole(path, ONE)
        assert mode(path) == 0o640
        path.chmod(0o600)
        array_result(1.0).write(path)
        assert {mode(each) for each in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("content", [b"notes", b'{"dataflow": 1}', b"\xff\xfe", b'["dataflow_result"]', b"x" * 99])
def test_a_file_that_is_no_result_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "g.json"
    path.write_bytes(content)
    assert refused(path)[0] == "DF0803"
    with pytest.raises(ResourceError, match="DF0803"):
        array_result(1.0).write(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_what_became_no_result_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    with output.Output(path) as each:
        staged = each.stage(lambda stream: stream.write(ONE))
        path.write_bytes(b"notes")
        with pytest.raises(ResourceError, match="DF0803"):
            each.publish([(staged, str(path))])
    assert path.read_bytes() == b"notes"
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_that_was_reformatted_is_still_one(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    array_result(1.0).write(path)
    path.write_text(json.dumps(json.loads(path.read_bytes())))
    array_result(2.0).write(path)
    assert len(list(tmp_path.iterdir())) == 2
    assert is_result(b'\r\n{\r\n"dataflow_result" : 1')
    assert not is_result(b'{"x": "dataflow_result"}')


@pytest.mark.parametrize("version", [b'"my thesis notes"', b"null", b"1.5", b"[1]", b"true", b""])
def test_a_result_says_its_version(tmp_path: Path, version: bytes) -> None:
    path = tmp_path / "g.json"
    path.write_bytes(b'{"dataflow_result": ' + version + b"}")
    assert refused(path)[0] == "DF0803"
    assert is_result(b'{"dataflow_result": 12}')


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    codes: dict[Path | str, str] = {
        tmp_path: "DF0805",
        f"{tmp_path}/new/": "DF0805",
        tmp_path / "missing" / "g.json": "DF0804",
        file / "g.json": "DF0809",
        file / "deeper" / "g.json": "DF0809",
        tmp_path / ("x" * 300): "DF0808",
        "": "DF0808",
        f"{tmp_path}/\0": "DF0808",
        loop: "DF0802",
    }
    for path, code in codes.items():
        assert refused(path)[0] == code, path
        with pytest.raises(ResourceError, match=code):
            find_place(path)
    assert sorted(tmp_path.iterdir()) == [file, loop]


def test_long_names_work_as_far_as_the_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_whole(path, ONE)
    with pytest.raises(ResourceError, match="DF0808"):  # the name of its arrays would be longer
        array_result(1.0).write(path)
    assert path.read_bytes() == ONE
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that is read-only even to root")
def test_a_folder_that_takes_no_files() -> None:
    code, message = refused("/proc/g.json")
    assert code in ("DF0802", "DF0806")
    assert "/proc/g.json" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_permissions_are_respected(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    write_whole(path, ONE)
    path.chmod(0o400)
    assert refused(path)[0] == "DF0806"
    path.chmod(0o600)
    tmp_path.chmod(0o500)
    assert refused(path)[0] == "DF0806"
    assert refused(tmp_path / "new.json")[0] == "DF0806"
    tmp_path.chmod(0o300)  # can be written to, but neither listed nor locked
    write_whole(path, TWO)
    tmp_path.chmod(0o700)
    assert path.read_bytes() == TWO


def test_permissions_that_are_refused_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.json"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert refused(path)[0] == "DF0806"
    path.write_bytes(ONE)
    monkeypatch.setattr(os, "access", lambda where, _: Path(where) == tmp_path)
    code, message = refused(path, TWO)
    assert (code, path.read_bytes()) == ("DF0806", ONE)
    assert "write-protected" in message


def test_links_lead_to_the_file_and_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(Path("real") / "g.json")
    array_result(1.0).write(link)  # makes what the link names
    array_result(2.0).write(link)
    assert link.is_symlink()
    assert [path.name for path in tmp_path.iterdir() if path.name != "real"] == ["link.json"]
    assert len(list((tmp_path / "real").iterdir())) == 2
    assert Result.load(link).values["w"][0] == 2.0
    notes = tmp_path / "real" / "notes"
    notes.write_bytes(b"notes")
    link.unlink()
    link.symlink_to(notes)
    assert refused(link)[0] == "DF0803"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_device() -> None:
    assert refused("/dev/full")[0] == "DF0807"
    with pytest.raises(ResourceError, match="DF0807"):
        array_result(1.0).write("/dev/full")
    assert not Path("/dev/full").is_file()


def test_pipes_are_written_to_and_get_everything_inline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "READER_SECONDS", 60.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    result = array_result(1.0)
    assert result.write(pipe) == (str(pipe),)
    reader.join(timeout=60)
    assert received == [result.to_bytes()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_pipe_without_a_reader_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "READER_SECONDS", 0.02)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code, message = refused(pipe)
    assert (code, "nobody reads from this pipe" in message) == ("DF0802", True)
    with pytest.raises(ResourceError, match="nobody reads"):
        array_result(1.0).write(pipe)


def test_a_pipe_may_get_more_than_it_holds_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "READER_SECONDS", 60.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = ONE + b" " * 1_000_000
    script = f"exec < '{pipe}'; sleep 0.1; wc -c"  # a reader that takes its time
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as reader:
        write_whole(pipe, data)
        assert int(reader.communicate(timeout=60)[0]) == len(data)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no such device")
def test_standard_output_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before\n")
    code = f"from dataflow.output import write_whole; write_whole('/dev/stdout', {ONE!r})"
    with path.open("ab") as stream:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=stream, check=True)
    assert path.read_bytes() == b"before\n" + ONE


@pytest.mark.parametrize("limit", [0, 100, 8192, 20_000])
def test_a_full_disk_leaves_the_old_result(tmp_path: Path, limit: int) -> None:
    """The limit on the size of files stands for a full disk: at first in the JSON, later in the arrays."""
    path = tmp_path / "g.json"
    array_result(1.0).write(path)
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
        with pytest.raises(ResourceError, match="DF0807"):
            array_result(2.0, size=20_000).write(path)
        with pytest.raises(ResourceError, match="DF0807"):
            array_result(2.0, size=20_000).write(path, arrays="inline")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), OSError(5, "Input/output error")])
def test_a_failure_at_any_step_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "g.json"
    write_whole(path, ONE)

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises((type(error), ResourceError)) as caught:
            write_whole(path, TWO)
    assert "DF0802" in str(caught.value) or not isinstance(error, OSError)
    assert path.read_bytes() == ONE
    assert list(tmp_path.iterdir()) == [path]


def test_temporary_files_of_killed_runs_are_removed_after_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    names = (f"{TEMPORARY}1-aa.tmp", f"{TEMPORARY}2-bb.tmp", f"{TEMPORARY}notes", "3-cc.tmp")
    stale, fresh, *others = (tmp_path / name for name in names)
    for each in (stale, fresh, *others):
        each.write_bytes(b"partial")
        if each != fresh:
            os.utime(each, (time.time() - 3700,) * 2)
    write_whole(path, ONE)
    assert sorted(tmp_path.iterdir()) == sorted([fresh, *others, path])


def test_a_folder_that_stays_locked_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        monkeypatch.setattr(output, "LOCK_SECONDS", 0.02)
        assert refused(tmp_path / "g.json")[0] == "DF0812"
    finally:
        os.close(descriptor)
    assert list(tmp_path.iterdir()) == []
    write_whole(tmp_path / "g.json", ONE)


def test_systems_without_locks_write_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.json"
    monkeypatch.setitem(sys.modules, "fcntl", None)
    array_result(1.0).write(path)
    array_result(2.0).write(path)
    assert len(list(tmp_path.iterdir())) == 2
    assert Result.load(path).values["w"][0] == 2.0


def start(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE)


def test_a_killed_run_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    code = f"""
import sys
from dataflow.output import write_whole
number = 0
while True:
    number += 1
    write_whole(sys.argv[1], {ONE!r} + b"x" * 300_000 + b"%d end" % (number % 2))
    print(flush=True)
"""
    for attempt in range(12):
        process = start(code, str(path))
        assert process.stdout is not None
        process.stdout.readline()  # it has written once
        time.sleep(attempt * 0.0007)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        content = path.read_bytes()
        assert len(content) == len(ONE) + 300_000 + 5
        assert content.endswith(b" end")
    left = [each.name for each in tmp_path.iterdir() if each != path]
    assert all(name.startswith(TEMPORARY) for name in left)
    assert len(left) <= 12


def test_fifty_runs_at_once_onto_one_result(tmp_path: Path) -> None:
    """Each forked run writes one of three contents, one of them without a file of arrays."""
    path = tmp_path / "g.json"
    code = """
import os, sys
import numpy as np
from dataflow.result import Result
def make(number):
    size = 10 if number == 2 else 2000
    return Result(name="g", digest="sha256:0a", target=None, values={"w": np.full(size, float(number))},
                  gradients={"w": None}, types={"w": ("float64", (size,))})
make(0).write(sys.argv[1])
gate, opened = os.pipe()
children = []
for run in range(50):
    child = os.fork()
    if child == 0:
        os.close(opened)
        os.read(gate, 1)  # all start at once, when the gate is closed
        status = 1
        try:
            for turn in range(3):
                make((run + turn) % 3).write(sys.argv[1])
                Result.load(sys.argv[1])
            status = 0
        finally:
            os._exit(status)
    children.append(child)
os.close(opened)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""
    process = start(code, str(path))
    process.communicate(timeout=120)
    assert process.returncode == 0
    reference = json.loads(path.read_bytes()).get("arrays")
    beside = [] if reference is None else [reference["file"]]
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["g.json", *beside])
    assert Result.load(path).values["w"][0] in (0.0, 1.0, 2.0)
