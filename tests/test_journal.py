"""What is kept of an unfinished extraction, and what of it still holds."""

import fcntl
import os
import shutil

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.imagesets import spoil, two_classes
from texturekit import execution, journal, stamp, storing
from texturekit.errors import ImageError, OutputError
from texturekit.events import listening


class StoppedHereError(Exception):
    pass


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    """Measure in this process: what is tested here is the same for both."""

    def here(manifest, rows, work, *, jobs, timeout):
        return execution.in_threads(execution.Measurer(work), manifest, rows, jobs)

    monkeypatch.setattr(execution, "supervised", here)


@pytest.fixture
def data(tmp_path):
    return two_classes(tmp_path, patients=20)  # 80 images, five handfuls


@pytest.fixture
def out(tmp_path):
    return tmp_path / "t.parquet"


def extract(data, out, features="first_order+glcm", **options):
    return tk.extract(tk.read_manifest(data), features, out=out, **options)


def stopped_after(pieces, data, out, monkeypatch, **options):
    """Measure some handfuls, then end as if something had gone wrong."""
    append, done = journal.Journal.append, []

    def count(self, piece):
        if len(done) == pieces:
            raise StoppedHereError
        done.append(piece)
        append(self, piece)

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "append", count)
        with pytest.raises(StoppedHereError):
            extract(data, out, **options)


@pytest.fixture
def measured(monkeypatch):
    """The rows that are measured."""
    rows = []
    run = storing.measured

    def watch(manifest, some, *more, **named):
        rows.extend(some.tolist())
        return run(manifest, some, *more, **named)

    monkeypatch.setattr(storing, "measured", watch)
    return rows


@pytest.fixture
def begun(data, out, monkeypatch):
    """An output of which three handfuls of five are done; the bytes it is to have."""
    extract(data, out)
    whole = out.read_bytes()
    out.unlink()
    stopped_after(3, data, out, monkeypatch)
    return whole


def shards(out):
    return sorted(out.with_name(out.name + ".partial").glob("shard-*"))


def test_only_what_is_missing_is_measured_and_the_bytes_are_the_same(data, out, begun, measured):
    extract(data, out)

    assert measured == list(range(48, 80))
    assert out.read_bytes() == begun
    assert not out.with_name("t.parquet.partial").exists()


def test_threads_do_not_change_the_bytes(data, out, begun):
    extract(data, out, jobs=2)

    assert out.read_bytes() == begun


def test_csv_goes_on_too(data, tmp_path, monkeypatch):
    whole = extract(data, tmp_path / "whole.csv").path.read_bytes()
    stopped_after(2, data, tmp_path / "t.csv", monkeypatch)

    assert extract(data, tmp_path / "t.csv").path.read_bytes() == whole


def test_a_changed_image_of_the_same_time_is_measured_again(data, out, begun, measured):
    manifest = tk.read_manifest(data)
    place = manifest.file(5)
    before = place.stat()
    pixels = np.array(Image.open(place))
    Image.fromarray(pixels[::-1, ::-1]).save(place)
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    table = extract(data, out)

    assert measured == [5, *range(48, 80)]
    fresh = tk.extract(tk.read_manifest(data), "first_order+glcm")
    np.testing.assert_array_equal(table.values, fresh.values)


def test_images_that_came_or_went_cost_themselves_only(data, out, begun, measured):
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *lines[2:10], lines[1], *lines[12:]]) + "\n")

    table = extract(data, out)

    assert [f"row {row}" for row in measured] == [f"row {row}" for row in range(46, 78)]
    fresh = tk.extract(tk.read_manifest(data), "first_order+glcm")
    np.testing.assert_array_equal(table.values, fresh.values)
    assert table.rows.equals(fresh.rows)


def test_a_changed_mask_is_measured_again(tmp_path, out, monkeypatch, measured):
    data = two_classes(tmp_path, patients=20)
    masks = tmp_path / "masks"
    for path in ("fine", "rough"):
        shutil.copytree(tmp_path / path, masks / path)
    lines = data.read_text().splitlines()
    rows = [line + ",masks/" + line.split(",")[0] for line in lines[1:]]
    data.write_text("\n".join([lines[0] + ",mask", *rows]) + "\n")
    stopped_after(3, data, out, monkeypatch)
    measured.clear()
    half = np.zeros((32, 32), np.uint8)
    half[:16] = 1
    Image.fromarray(half).save(masks / tk.read_manifest(data).paths[7])

    extract(data, out)

    assert measured == [7, *range(48, 80)]


def test_other_code_measures_everything_again(data, out, begun, measured, monkeypatch):
    monkeypatch.setattr(stamp, "_code", lambda nets: "other")
    heard = []

    with listening(heard.append):
        extract(data, out)

    assert measured == list(range(80))
    assert out.read_bytes() == begun
    assert any("written by other code" in event.message for event in heard)


def test_the_stamp_is_that_of_code_versions_and_weights(data):
    from texturekit.deep.weights import Weights
    from texturekit.features.grammar import parse_parts
    from texturekit.measurement import Work

    works = [
        Work(parse_parts("lbp+squeezenet1_1"), weights={"squeezenet1_1": weights})
        for weights in (Weights("a", "file", sha256="1"), Weights("a", "file", sha256="2"))
    ]
    one, two, plain = (stamp.stamp_of(work) for work in (*works, Work(parse_parts("lbp"))))

    assert len({one, two, plain}) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"features": "lbp"}, r"features is 'lbp' and was 'first_order\+glcm'"),
        ({"size": 16}, "size is 16 and was None"),
        ({"roi": "crop"}, "roi is 'crop' and was 'mask'"),
    ],
)
def test_other_parameters_are_named_and_nothing_is_lost(data, out, begun, changes, words):
    with pytest.raises(OutputError, match=words):
        extract(data, out, **changes)

    extract(data, out)

    assert out.read_bytes() == begun


def test_overwrite_starts_anew_where_parameters_changed(data, out, begun, measured):
    table = extract(data, out, "lbp", overwrite=True)

    assert len(measured) == 80
    assert table.columns[0].startswith("lbp.")


def test_overwriting_keeps_the_old_output_until_the_new_is_whole(data, out, monkeypatch, measured):
    out.write_bytes(b"old")
    stopped_after(3, data, out, monkeypatch, overwrite=True)

    assert out.read_bytes() == b"old"
    measured.clear()
    extract(data, out, overwrite=True)
    assert measured == list(range(48, 80))


@pytest.mark.parametrize("keep", [0, 10, 100, -1, -3000])
def test_what_was_cut_off_is_measured_again(data, out, begun, measured, keep):
    (shard,) = shards(out)
    shard.write_bytes(shard.read_bytes()[:keep])
    heard = []

    with listening(heard.append):
        extract(data, out)

    assert len(measured) > 32
    assert out.read_bytes() == begun
    torn = [e.message for e in heard if e.level == "warning" and "torn or damaged" in e.message]
    assert len(torn) == (keep not in (0, 10))


@pytest.mark.parametrize("place", [70, 3000, -1])
def test_a_changed_byte_is_told(data, out, begun, measured, place):
    (shard,) = shards(out)
    content = bytearray(shard.read_bytes())
    content[place] ^= 1
    shard.write_bytes(content)

    extract(data, out)

    assert len(measured) > 32
    assert out.read_bytes() == begun


@pytest.mark.parametrize("content", [b"", b"{", b"[]"])
def test_damaged_parameters_measure_everything_again(data, out, begun, measured, content):
    (out.with_name("t.parquet.partial") / "parameters.json").write_bytes(content)

    extract(data, out)

    assert len(measured) == 80
    assert out.read_bytes() == begun


def test_a_second_writer_is_told_at_once_and_disturbs_nothing(data, out, begun):
    lock = os.open(out.with_name("t.parquet.partial") / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    before = [shard.read_bytes() for shard in shards(out)]

    with pytest.raises(OutputError, match="another process is writing"):
        extract(data, out)

    assert [shard.read_bytes() for shard in shards(out)] == before
    os.close(lock)
    extract(data, out)
    assert out.read_bytes() == begun


def test_a_full_disk_is_named_and_what_is_done_is_kept(data, out, begun, monkeypatch, measured):
    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

        def tell(self):
            return 0

        def close(self):
            pass

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "_begin_shard", lambda self: Full())
        with pytest.raises(OutputError, match=r"t\.parquet\.partial: No space left.*is kept"):
            extract(data, out)
    measured.clear()

    extract(data, out)

    assert measured == list(range(48, 80))
    assert out.read_bytes() == begun


def test_failed_rows_are_kept_as_they_are(data, out, monkeypatch, measured):
    manifest = tk.read_manifest(data)
    spoil(manifest.file(3))
    stopped_after(3, data, out, monkeypatch)
    measured.clear()

    table = extract(data, out)

    assert measured == list(range(48, 80))
    assert [failure.id for failure in table.failures] == [manifest.ids[3]]
    assert (table.found, len(table)) == (80, 79)


def test_a_mended_file_is_measured(data, out, monkeypatch, measured):
    manifest = tk.read_manifest(data)
    content = manifest.file(3).read_bytes()
    spoil(manifest.file(3))
    stopped_after(3, data, out, monkeypatch)
    measured.clear()
    manifest.file(3).write_bytes(content)

    assert len(extract(data, out)) == 80
    assert measured[0] == 3


def test_fail_fast_counts_what_failed_before(data, out, monkeypatch):
    spoil(tk.read_manifest(data).file(3))
    stopped_after(3, data, out, monkeypatch)

    with pytest.raises(ImageError, match="truncated"):
        extract(data, out, fail_fast=True)


def test_nothing_is_left_where_nothing_can_be_measured(data, out):
    manifest = tk.read_manifest(data)
    for k in range(len(manifest)):
        spoil(manifest.file(k))

    with pytest.raises(ImageError, match="none of the 80 images"):
        extract(data, out)

    assert not list(out.parent.glob("t.parquet*"))


def test_embeddings_are_the_same_to_the_bit_however_they_were_cut(tmp_path, monkeypatch):
    data = two_classes(tmp_path, patients=20)
    net = {"features": "squeezenet1_1+first_order", "weights": "none", "size": 32, "device": "cpu"}
    spoil(tk.read_manifest(data).file(9))
    whole = extract(data, tmp_path / "whole.parquet", **net).path.read_bytes()
    manifest = tk.read_manifest(data)
    out = tmp_path / "t.parquet"
    stopped_after(1, data, out, monkeypatch, **net)
    pixels = np.array(Image.open(manifest.file(10)))
    Image.fromarray(pixels).save(manifest.file(10), compress_level=1)  # other bytes, same pixels
    changed = extract(data, out, **net)

    expected = tk.extract(manifest, **net)

    assert changed.values.tobytes() == expected.values.tobytes()
    assert whole[:4] == b"PAR1"
