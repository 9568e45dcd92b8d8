"""Archives of strangers: what is unpacked, and what is refused with nothing written."""

import gzip
import io
import os
import struct
import tarfile
import zipfile

import pytest

from texturekit.data.unpacking import Limits, unpack
from texturekit.errors import ArchiveError, OutputError

ESCAPES = [
    "../evil",
    "a/../../evil",
    "/evil",
    "C:/evil",
    "c:evil",
    "..\\evil",
    "a\\b",
    "\\\\host\\x",
]


def zipped(path, members, **more):
    """Write a zip archive of (name or ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def tarred(path, members, mode="w:gz"):
    """Write a tar archive of (name, content or TarInfo)."""
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


def special(name, kind, target="/etc/passwd"):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def refused(archive, tmp_path, words):
    before = sorted(path for path in tmp_path.rglob("*"))
    with pytest.raises(ArchiveError, match=words):
        unpack(archive, tmp_path / "inside" / "out")
    (tmp_path / "inside").rmdir()  # the parent that was made is empty
    assert sorted(path for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("make", "name"),
    [(zipped, "a.zip"), (tarred, "a.tar.gz"), (lambda p, m: tarred(p, m, "w:xz"), "a.tar.xz")],
    ids=["zip", "tar.gz", "tar.xz"],
)
def test_unpacks_files_and_folders(make, name, tmp_path):
    archive = make(tmp_path / name, [("x/y/1.txt", b"one"), ("./x/2.txt", b"two"), ("ü 3", b"")])

    count = unpack(archive, tmp_path / "out")

    found = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes()
             for p in (tmp_path / "out").rglob("*") if p.is_file()}  # fmt: skip
    assert count == 3
    assert found == {"x/y/1.txt": b"one", "x/2.txt": b"two", "ü 3": b""}


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_elsewhere_is_refused(name, kind, tmp_path):
    members = [("good.txt", b"good"), (name, b"evil")]
    archive = (zipped if kind == "zip" else tarred)(tmp_path / "a", members)

    refused(archive, tmp_path, r"member .*(evil|a\\|host).* must not be: its name")


def test_links_and_devices_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    refused(zipped(tmp_path / "a.zip", [(link, b"/etc/passwd")]), tmp_path, "'link' .* a link")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        archive = tarred(tmp_path / "a.tar", [("", special("sub/link", kind))])
        refused(archive, tmp_path, "'sub/link' .* a link to '/etc/passwd'")
    for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        refused(tarred(tmp_path / "a.tar", [("", special("d", kind))]), tmp_path, "'d' .* a device")


def test_a_link_that_a_later_member_goes_through_is_refused(tmp_path):
    members = [("", special("x", tarfile.SYMTYPE, str(tmp_path))), ("x/evil", b"evil")]

    refused(tarred(tmp_path / "a.tar", members), tmp_path, "'x' .* a link")


def test_gigabytes_of_zeros_are_a_bomb(tmp_path):
    bomb = tmp_path / "bomb.zip"
    zipped(bomb, [("zeros", bytes(1000))])
    # The directory claims 4 GB; they need not be compressed for that.
    content = bytearray(bomb.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(mark) + place, 4_000_000_000)
    bomb.write_bytes(content)

    refused(bomb, tmp_path, "'zeros' .* a bomb")


def test_a_real_bomb_in_a_tar_is_refused_before_it_is_unpacked(tmp_path):
    archive = tarred(tmp_path / "a.tar.gz", [("zeros", bytes(30_000_000))])

    refused(archive, tmp_path, "'zeros' .* a bomb")


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_would_fill_the_memory_is_refused(kind, first, tmp_path, monkeypatch):
    entry = tarfile.TarInfo("long")
    entry.type, entry.size = kind, 1 << 40
    before = b"" if first else tarfile.TarInfo("a").tobuf()
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(before + entry.tobuf(tarfile.GNU_FORMAT) + bytes(2048)))
    read = gzip.GzipFile.read

    def watched(self, size=-1):
        assert size < 1 << 30, "it is read whole"
        return read(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read", watched)
    refused(path, tmp_path, r"a header of 1,099,511,627,776 bytes stands before a member")


def test_a_member_that_is_longer_than_it_claims_is_cut_and_refused(tmp_path):
    liar = zipped(tmp_path / "a.zip", [("zeros", bytes(5000))])
    content = bytearray(liar.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(mark) + place, 10)
    liar.write_bytes(content)

    refused(liar, tmp_path, "damaged.*'zeros'")


def test_limits_on_bytes_and_members(tmp_path):
    archive = zipped(tmp_path / "a.zip", [(f"{i}.txt", os.urandom(100)) for i in range(20)])

    with pytest.raises(ArchiveError, match="holds 20 members, more than 19"):
        unpack(archive, tmp_path / "out", limits=Limits(members=19))
    with pytest.raises(ArchiveError, match=r"'10.txt' .* more than 1,000 bytes"):
        unpack(archive, tmp_path / "out", limits=Limits(bytes=1000))
    tar = tarred(tmp_path / "a.tar", [(f"{i}.txt", b"") for i in range(20)])
    with pytest.raises(ArchiveError, match=r"'19.txt' .* more than 19 members"):
        unpack(tar, tmp_path / "out", limits=Limits(members=19))
    assert not (tmp_path / "out").exists()


def test_a_million_members_are_refused_by_the_directory_alone(tmp_path):
    """The end record says how many there are (zip64: 8 bytes), before any is looked at."""
    zip64 = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 0, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0)
    (tmp_path / "a.zip").write_bytes(zip64 + locator + end)

    refused(tmp_path / "a.zip", tmp_path, "holds 1,000,000 members, more than 500,000")


def test_encrypted_members_are_refused(tmp_path):
    archive = zipped(tmp_path / "a.zip", [("lib 0.zip", b"nested")])
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    archive.write_bytes(content)

    refused(archive, tmp_path, "'lib 0.zip' .* encrypted")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", [zipped, tarred])
def test_one_name_twice_is_refused(make, tmp_path):
    refused(make(tmp_path / "a", [("1", b"a"), ("1", b"b")]), tmp_path, "'1' .* twice")
    refused(make(tmp_path / "a", [("1", b"a"), ("./1", b"b")]), tmp_path, "'./1' .* twice")
    refused(make(tmp_path / "a", [("A/1.PNG", b"a"), ("a/1.png", b"b")]), tmp_path, "in case")
    refused(make(tmp_path / "a", [("\u00e9", b"a"), ("e\u0301", b"b")]), tmp_path, "or accents")
    refused(make(tmp_path / "a", [("1", b"a"), ("1/2", b"b")]), tmp_path, "a file and a folder")
    refused(make(tmp_path / "a", [("1/2", b"a"), ("1", b"b")]), tmp_path, "a file and a folder")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
def test_damaged_archives_are_refused(name, tmp_path):
    make = zipped if name == "a.zip" else lambda p, m: tarred(p, m, f"w:{name[6:]}")
    archive = make(tmp_path / name, [("1", os.urandom(3000)), ("2", os.urandom(3000))])
    whole = archive.read_bytes()

    archive.write_bytes(whole[: len(whole) // 3])
    refused(archive, tmp_path, "damaged")
    archive.write_bytes(b"<html>not an archive</html>")
    refused(archive, tmp_path, "damaged or no zip or tar")
    if name != "a.tar":  # a plain tar archive has no checksum of its content
        broken = bytearray(whole)
        broken[1500] ^= 255
        archive.write_bytes(broken)
        refused(archive, tmp_path, "damaged")


def test_an_existing_folder_stays_as_it_is(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    with pytest.raises(OutputError, match="exists already"):
        unpack(zipped(tmp_path / "a.zip", [("1", b"")]), tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_too_little_room_is_said_before_anything_is_written(tmp_path, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(OutputError, match="unpacking needs 5,000 bytes, but only 100 are free"):
        unpack(zipped(tmp_path / "a.zip", [("1", bytes(5000))]), tmp_path / "out")

    assert not (tmp_path / "out").exists()
