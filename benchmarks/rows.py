"""What is timed against whom. One line here is all that another kernel needs.

Gates and goals are times faster than the peer at 224, 512 and 1024 pixels a side. A goal is what
was reached once with each kernel alone; a gate is about 70 % of it.
"""

from functools import partial

from benchmarks import peers
from benchmarks.images import reduced, saved
from benchmarks.pairs import Pair, family
from texturekit import measure, read_image
from texturekit.compat import mahotas, skimage
from texturekit.features.folding import pair_statistics
from texturekit.features.neighbourhood import Neighbourhood
from texturekit.features.ring_codes import count_ring, ring_statistics
from texturekit.features.sobel import sobel_summary


def glcm(levels, gate, goal):
    def ours(image):  # 25 statistics: the peer's 7 among them
        return pair_statistics(image, levels, 1)

    name = f"GLCM, 7 properties, {levels} levels"
    return Pair(name, ours, "skimage", peers.skimage_glcm(levels), gate, goal, reduced(levels))


def glcm_family(levels):
    ours, theirs = family("glcm", levels=levels), peers.skimage_glcm(levels)
    reduce = reduced(levels)
    name = f"family glcm, {levels} levels, reduced too"
    return Pair(name, ours, "skimage", lambda image: theirs(reduce(image)))


def haralick(levels, gate, goal):
    theirs = peers.mahotas_haralick
    name = f"13 Haralick features, {levels} levels"
    return Pair(name, mahotas.haralick, "mahotas", theirs, gate, goal, reduced(levels))


def lbp(points, radius, gate, goal, avx2=None):
    ours = family("lbp", p=points, r=radius)
    theirs = peers.skimage_lbp(points, radius, "uniform", points + 2)
    name = f"LBP {points},{radius} uniform, histogram"
    return Pair(name, ours, "skimage", theirs, gate, goal, avx2=avx2)


def window(statistic):
    places = ring_statistics((statistic,), Neighbourhood())
    return lambda image: count_ring(image, places).sum(axis=1)


hog = partial(skimage.hog, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2))

KERNELS = (
    glcm(256, (80, 25, 9), (122, 35, 12.5)),
    glcm(64, (14, 5, 2.8), (20, 6.9, 3.9)),
    glcm(32, (6.5, 3.2, 2.3), (9.1, 4.3, 3.2)),
    glcm_family(256),
    glcm_family(32),
    haralick(256, (7.5, 5, 4), (11.7, 6.9, 5.7)),
    haralick(64, (6.5, 5.5, 5.2), (9.4, 7.7, 7.5)),
    haralick(32, (6.5, 5.5, 5.2), (9.7, 7.7, 7.4)),
    lbp(8, 1, (70, 75, 75), (107, 110, 110), avx2=30),
    Pair("LBP 8,1 ror, histogram", family("lbp", method="ror"), "mahotas", peers.mahotas_lbp),
    lbp(16, 2, (22, 24, 23), (31, 35, 33)),
    lbp(24, 3, (19, 24, 23), (27, 35, 33)),
    Pair("HOG 9, 8x8, 2x2", hog, "skimage", peers.skimage_hog, (60, 60, 65), (86, 88, 94)),
    Pair("HOG 9, 8x8, 2x2", hog, "cv2 HOG", peers.opencv_hog, (3.7, 3.7, 4.3), (5.3, 5.4, 6.7)),
    Pair("Sobel, statistics and directions", sobel_summary, "skimage", peers.skimage_sobel,
         (19, 20, 22), (27, 29, 32), avx2=12),
    Pair("Sobel, statistics and directions", sobel_summary, "cv2", peers.opencv_sobel,
         (4.4, 4.2, 4.5), (6.4, 6.1, 6.7)),
    Pair("Sobel, statistics alone", partial(sobel_summary, directions=0), "cv2",
         peers.opencv_sobel_statistics, (1.0, 1.0, 1.0), (1.35, 1.35, 1.35)),
    Pair("family sobel, 26 columns", family("sobel"), "skimage", peers.skimage_sobel),
    Pair("mean LBP, histogram", window("mean"), "scipy", peers.scipy_mean_lbp,
         (22, 37, 45), (32, 55, 67)),
    Pair("median LBP, histogram", window("median"), "scipy", peers.scipy_median_lbp,
         (120, 145, 150), (175, 215, 223)),
    Pair("median LBP, histogram", window("median"), "cv2", peers.opencv_median_lbp,
         (16, 18, 19), (23, 26, 28)),
    Pair("variance LBP, histogram", window("deviation"), "scipy", peers.scipy_variance_lbp,
         (14, 29, 40), (20, 43, 60)),
    Pair("histogram and statistics", family("first_order"), "scipy", peers.scipy_first_order,
         (45, 38, 45), (74, 56, 67)),
    Pair("histogram and statistics", family("first_order"), "cv2", peers.opencv_histogram,
         (1.0, 1.0, 1.0), (1.2, 1.3, 1.3)),
)  # fmt: skip

_NOTHING = (None, None, None)
_GLCM24 = family("glcm", mcc=True)


def radiomics(name, theirs):
    return Pair(f"{name}, 32 bins", family(name), "pyradiomics", peers.pyradiomics(theirs, 32),
                (20, None, None))  # fmt: skip


FAMILIES = (
    Pair("glcm with MCC, 32 bins", _GLCM24, "pyradiomics", peers.pyradiomics("glcm", 32),
         (18, 25, 28), (26, 35, 40)),
    Pair("glcm with MCC, 64 bins", family("glcm", levels=64, mcc=True), "pyradiomics",
         peers.pyradiomics("glcm", 64), (12, None, None), (17, None, None)),
    Pair("glcm with MCC, 32 bins", _GLCM24, "nyxus", peers.nyxus_glcm(32)),
    radiomics("first_order", "firstorder"),
    radiomics("glrlm", "glrlm"),
    radiomics("glszm", "glszm"),
    radiomics("gldm", "gldm"),
    radiomics("ngtdm", "ngtdm"),
)  # fmt: skip

ALL = "first_order+glcm(levels={})+hog+sobel+lbp+mean_lbp+median_lbp+variance_lbp"


def together(levels, kind, gate, goal):
    """Everything above of one image: in memory, or read from a file."""
    text, loop = ALL.format(levels), peers.every(levels, reduced(levels))
    name = f"all of these, {levels} levels, {kind or 'no file'}"
    if not kind:
        return Pair(name, lambda image: measure(image, text), "skimage", loop, gate, goal)
    return Pair(
        name,
        lambda path: measure(read_image(path), text),
        "skimage",
        lambda path: loop(peers.read(path)),
        gate,
        goal,
        saved(kind),
    )


TOGETHER = (
    together(32, "", _NOTHING, (47, None, None)),
    together(256, "", _NOTHING, (69, None, None)),
    together(32, "png", (17, None, None), (24, None, None)),
    together(256, "png", (28, None, None), (40, None, None)),
    together(32, "jpg", (25, None, None), (36, None, None)),
    together(256, "jpg", (40, None, None), (55, None, None)),
)
