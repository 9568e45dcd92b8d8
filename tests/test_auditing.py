"""What an audit says of the files themselves; the command's tests have the rest."""

import texturekit as tk
from tests.dicoms import dicom


def test_text_in_the_pixels_is_said_where_pictures_are_shown(tmp_path, rng):
    pixels = rng.integers(0, 256, (40, 40)).astype("uint8")
    dicom(tmp_path / "a.dcm", pixels, BurnedInAnnotation="YES")
    dicom(tmp_path / "b.dcm", pixels, BurnedInAnnotation="NO")

    found = tk.audit(tmp_path, shortcuts=False)

    assert list(found.pictures) == ["a.dcm", "b.dcm"]  # one picture under two names
    assert found.results.notes[0].startswith("1 files say that text stands in their pixels")
