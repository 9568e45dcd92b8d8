"""The machine: limits are read where they are set."""

import locale
import os
import tempfile

import pytest

from texturekit.doctor import limits, machine
from texturekit.doctor.weights import weights

GB = 10**9


@pytest.fixture
def eight(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(limits, "affinity", lambda: 8)


def only(found, level):
    return [one for one in found if one.level == level]


def test_a_quota_of_the_control_group_is_found(around, machine, eight):
    machine(
        proc__self__cgroup="0::/docker/x\n",
        sys__fs__cgroup__docker__cpu_max="",
    )
    place = around().root / "sys/fs/cgroup/docker"
    (place / "cpu.max").write_text("150000 100000\n")
    from texturekit.doctor.machine import cores

    (found,) = cores(around())

    assert limits.cpu_quota(around()) == 1.5
    assert (found.level, found.cure) == (
        "warning",
        "--jobs 1, and OMP_NUM_THREADS=1 in the environment",
    )


def test_quotas_of_the_first_version_are_read_and_no_limit_is_none(around, machine):
    machine(proc__self__cgroup="3:memory:/a\n1:cpu,cpuacct:/a\n0::/\n")
    for folder, files in {
        "cpu": {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"},
        "cpu/a": {"cpu.cfs_quota_us": "300000", "cpu.cfs_period_us": "100000"},
        "memory": {"memory.limit_in_bytes": str(2**63 - 4096)},
        "memory/a": {"memory.limit_in_bytes": "1000000000"},
    }.items():
        place = around().root / "sys/fs/cgroup" / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (place / name).write_text(text + "\n")

    assert limits.cpu_quota(around()) == 3
    assert limits.memory_limit(around()) == GB


def test_no_control_group_is_no_limit(around):
    assert limits.cpu_quota(around()) is None
    assert limits.memory_limit(around()) is None


@pytest.mark.parametrize(
    ("text", "level"), [("many", "warning"), ("16", "warning"), ("2", "note"), ("8", None)]
)
def test_numbers_of_threads_are_judged_by_the_cores(around, eight, text, level):
    found = [o for o in machine.cores(around({"OMP_NUM_THREADS": text})) if o.check == "threads"]

    assert [one.level for one in found] == ([] if level is None else [level])


def test_little_memory_and_a_limited_address_space_are_told(around, machine, monkeypatch):
    machine(proc__meminfo="MemTotal: 1000000 kB\nMemAvailable: 500000 kB\n")
    monkeypatch.setattr(limits, "address_space", lambda: 4 * GB)
    monkeypatch.setattr(limits, "open_files", lambda: 100)
    from texturekit.doctor.machine import memory

    space, little, files = memory(around())

    assert (space.level, space.cure) == ("warning", "ulimit -v unlimited")
    assert (little.level, "1.0 GB, 0.5 GB of it free" in little.found) == ("warning", True)
    assert (files.level, files.cure) == ("note", "ulimit -n 1024")


def test_folders_that_cannot_be_written_are_told(around, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TEXTUREKIT_CACHE", str(tmp_path / "file" / "x"))
    (found,) = machine.folders(around())
    assert (found.level, found.cure) == ("problem", "set TEXTUREKIT_CACHE")

    def nowhere():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    (found,) = machine.folders(around())
    assert (found.level, found.cure) == ("problem", "set TMPDIR")


def test_a_small_disk_is_told(around, monkeypatch, tmp_path):
    monkeypatch.setattr(
        machine.shutil, "disk_usage", lambda place: type("U", (), {"free": GB // 2, "total": GB})
    )

    found = list(machine.folders(around({"HOME": str(tmp_path)})))

    assert [one.check for one in only(found, "warning")] == ["disk"]


def test_text_that_is_not_utf8_is_told(around, monkeypatch):
    monkeypatch.setattr(locale, "getencoding", lambda: "ANSI_X3.4-1968")

    (found,) = machine.text(around())

    assert (found.level, "PYTHONUTF8=1" in found.cure) == ("warning", True)


def test_weights_at_hand_are_named_and_damaged_ones_are_a_problem(around, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (none,) = weights(around())
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").write_bytes(b"half a file")

    bad, there = weights(around())

    assert (none.level, "no pretrained weights" in none.found) == ("note", True)
    assert (bad.level, "resnet18 are damaged" in bad.found) == ("problem", True)
    assert bad.cure.startswith('rm "')
    assert there.found.startswith("resnet18 of 17 networks")
