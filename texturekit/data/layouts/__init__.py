"""The known layouts of image sets: one file each."""
