"""DICOM files with known numbers, and with everything that must never come out."""

import pytest

SECRET = "SECRET"


def dicom(
    path, pixels, *, fake=False, preamble=b"\0" * 128, syntax=None, compress=None, **elements
):
    """Write pixels (H, W), (N, H, W) or (H, W, 3) as a DICOM file; elements by keyword."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    data, meta = Dataset(), FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    colour = pixels.ndim == 3 and pixels.shape[2] == 3
    if pixels.ndim == 3 and not colour:
        data.NumberOfFrames = len(pixels)
    data.Rows, data.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if colour else 1
    if colour:
        data.PlanarConfiguration = 0
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8 * pixels.itemsize
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    content = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    if fake:
        data.PatientName, data.PatientID = f"{SECRET}^NAME", f"{SECRET}ID"
        data.PatientBirthDate, data.InstitutionName = "19700101", f"{SECRET} HOSPITAL"
        data.ReferringPhysicianName, data.StudyDescription = f"{SECRET}^DR", f"{SECRET} STUDY"
        data.AccessionNumber, data.ImageComments = f"{SECRET}NO", f"{SECRET} COMMENT"
    for keyword, value in elements.items():
        if value is None:
            del data[keyword]
        else:
            setattr(data, keyword, value)
    if "HighBit" not in data and "BitsStored" in data:
        data.HighBit = data.BitsStored - 1
    data.file_meta = meta
    if compress is not None:
        data.compress(compress)
    data.preamble = b"\0" * 128
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path
