import io
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

import texturekit as tk
from tests.imagesets import scenes
from texturekit.data.duplicates import find_duplicates
from texturekit.data.likeness import mirror_masks, perceptual_hash

NAMES = [f"{k:02d}.png" for k in range(24)]


def jpeg(picture, quality):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


COPIES = {
    "re-encoded": lambda p: jpeg(p, 40),
    "half the size": lambda p: np.asarray(Image.fromarray(p).resize((48, 48))),
    "twice the size": lambda p: np.asarray(Image.fromarray(p).resize((192, 192))),
    "mirrored": lambda p: p[:, ::-1],
    "upside down": lambda p: p[::-1],
    "cropped by a tenth": lambda p: p[3:-6, 5:-4],
    "padded": lambda p: np.pad(p, ((10, 5), (3, 8))),
    "brighter": lambda p: (p.astype(float) ** 0.8 * 255**0.2).astype(np.uint8),
    "in colour": lambda p: np.repeat(p[:, :, None], 3, axis=2),
    "16 bits": lambda p: p.astype(np.uint16) * 257,
}


def paths(manifest, groups):
    return [[manifest.paths[row] for row in group] for group in groups]


@pytest.mark.parametrize("change", list(COPIES))
def test_finds_a_copy_that_is(change, tmp_path):
    pictures = scenes(tmp_path, NAMES)
    Image.fromarray(np.ascontiguousarray(COPIES[change](pictures["05.png"]))).save(
        tmp_path / "copy.png"
    )

    manifest = tk.scan_folder(tmp_path)
    found = find_duplicates(manifest)

    assert paths(manifest, found.near) == [["05.png", "copy.png"]]
    assert found.exact == ()


def test_exact_copies_are_those_of_the_same_bytes(tmp_path):
    scenes(tmp_path, NAMES)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes((tmp_path / "03.png").read_bytes())

    manifest = tk.scan_folder(tmp_path)
    found = find_duplicates(manifest)

    assert paths(manifest, found.exact) == [["03.png", "a.png", "b.png"]]
    assert found.near == found.possible == found.exact


def test_exact_copies_in_an_npz_are_those_of_the_same_pixels(tmp_path, rng):
    images = rng.integers(0, 256, (6, 28, 28), dtype=np.uint8)
    images[4] = images[1]
    np.savez(tmp_path / "a.npz", train_images=images, train_labels=np.arange(6)[:, None] % 2)

    manifest = tk.load_source(tmp_path / "a.npz")

    assert paths(manifest, find_duplicates(manifest).exact) == [["a.npz#train/1", "a.npz#train/4"]]


def test_flat_and_unreadable_images_are_like_nothing(tmp_path):
    for level in (40, 41, 200):
        Image.fromarray(np.full((40, 40), level, np.uint8)).save(tmp_path / f"{level}.png")
    for name in ("bad.png", "broken.png"):
        (tmp_path / name).write_bytes(b"no picture")

    manifest = tk.scan_folder(tmp_path)
    found = find_duplicates(manifest)

    assert found.possible == ()
    assert [manifest.paths[row] for row in found.unreadable] == ["bad.png", "broken.png"]


def test_nothing_depends_on_threads_or_on_the_order_of_rows(tmp_path):
    pictures = scenes(tmp_path, NAMES)
    for k in range(3):
        Image.fromarray(COPIES["cropped by a tenth"](pictures[f"{k:02d}.png"])).save(
            tmp_path / f"copy{k}.png"
        )
    manifest = tk.scan_folder(tmp_path)
    order = np.random.default_rng(1).permutation(len(manifest))
    shuffled = manifest.subset(order)

    def named(of, groups):
        return sorted(sorted(group) for group in paths(of, groups))

    one, two = find_duplicates(manifest), find_duplicates(manifest, jobs=2)
    other = find_duplicates(shuffled)

    assert one.near == two.near
    assert one.pairs.likeness.tolist() == two.pairs.likeness.tolist()
    assert named(manifest, one.near) == named(shuffled, other.near)


def test_a_subset_keeps_what_is_left_of_the_groups(tmp_path):
    scenes(tmp_path, NAMES)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes((tmp_path / "03.png").read_bytes())
    manifest = tk.scan_folder(tmp_path)
    rows = [row for row, name in enumerate(manifest.paths) if name != "a.png"]

    left = find_duplicates(manifest).among(rows)

    assert paths(manifest.subset(rows), left.exact) == [["03.png", "b.png"]]


def test_to_mirror_a_picture_turns_the_bits_of_a_mask(rng):
    picture = rng.integers(0, 256, (48, 48), dtype=np.uint8)
    turned = [picture, picture[:, ::-1], picture[::-1], picture[::-1, ::-1]]

    for mask, other in zip(mirror_masks(), turned, strict=True):
        assert ((perceptual_hash(picture) ^ mask) == perceptual_hash(other)).all()


def test_many_alike_images_cost_no_more_than_a_few_pairs_each(tmp_path, rng):
    base = scenes(tmp_path, ["00.png"])["00.png"].astype(int)
    for k in range(1, 60):
        noisy = np.clip(base + rng.normal(0, 6, base.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(tmp_path / f"{k:02d}.png")

    found = find_duplicates(tk.scan_folder(tmp_path))

    assert len(found.pairs.left) <= 8 * 60
    assert len(found.near) == 1
    assert len(found.near[0]) == 60


def pair_set(groups):
    return {pair for group in groups for pair in combinations(group, 2)}


# Precision and recall of pairs against the groups that the data's README describes.
@pytest.mark.parametrize(
    ("name", "exact", "near", "possible"),
    [("brain", 13, (0.99, 0.95), (0.5, 0.95)), ("breast_busi3", 1, (0.97, 0.85), (0.5, 0.95))],
)
def test_finds_the_known_groups(real_data, name, exact, near, possible):
    manifest = tk.read_manifest(real_data / f"{name}.csv")
    known = {}
    for row, group in enumerate(manifest.groups):
        known.setdefault(group, []).append(row)
    truth = pair_set(known.values())

    found = find_duplicates(manifest, jobs=2)

    assert len(found.exact) == exact
    for groups, (precision, recall) in ((found.near, near), (found.possible, possible)):
        pairs = pair_set(groups)
        assert len(pairs & truth) / len(pairs) >= precision
        assert len(pairs & truth) / len(truth) >= recall


def test_chest_radiographs_that_are_alike_are_no_copies(real_data):
    manifest = tk.read_manifest(real_data / "chest_pneumonia.csv")

    found = find_duplicates(manifest, jobs=2)

    assert len(found.exact) == 5
    assert found.near == found.exact
