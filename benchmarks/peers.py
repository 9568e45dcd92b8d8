"""What others need for the same numbers, as their users write it."""

import importlib.util
from functools import cache, partial

import numpy as np

FOUR_ANGLES = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
PROPERTIES = (
    *("contrast", "dissimilarity", "homogeneity", "energy"),
    *("correlation", "ASM", "entropy"),
)
MODULES = {
    "skimage": "skimage",
    "scipy": "scipy",
    "cv2": "cv2",
    "cv2 HOG": "cv2",
    "mahotas": "mahotas",
    "pyradiomics": "radiomics",
    "nyxus": "nyxus",
}


@cache
def missing(peer):
    """Say why a peer cannot be timed here; empty if it can."""
    name = MODULES[peer]
    if importlib.util.find_spec(name) is None:
        return f"{name} is not installed"
    try:
        module = importlib.import_module(name)
    except ImportError as error:  # OpenCV without its libraries
        return f"{name}: {error}"
    if peer == "cv2 HOG" and not hasattr(module, "HOGDescriptor"):
        return f"OpenCV {module.__version__} has no HOGDescriptor"
    return ""


def skimage_glcm(levels):
    def run(image):
        from skimage.feature import graycomatrix, graycoprops

        found = graycomatrix(image, [1], FOUR_ANGLES, levels, symmetric=True, normed=True)
        return [graycoprops(found, name) for name in PROPERTIES]

    return run


def mahotas_haralick(image):
    from mahotas.features import haralick

    return haralick(image)


def skimage_lbp(points, radius, method, bins):
    def run(image):
        from skimage.feature import local_binary_pattern

        codes = local_binary_pattern(image, points, radius, method)
        return np.bincount(codes.astype(np.int64).ravel(), minlength=bins)

    return run


def mahotas_lbp(image):
    from mahotas.features import lbp

    return lbp(image, 1, 8)


def skimage_hog(image):
    from skimage.feature import hog

    return hog(image, 9, (8, 8), (2, 2), "L2-Hys")


def opencv_hog(image):
    return _hog_descriptor(image.shape).compute(image)


@cache
def _hog_descriptor(shape):
    import cv2

    return cv2.HOGDescriptor((shape[1], shape[0]), (16, 16), (8, 8), (8, 8), 9)


def _gradient_numbers(down, right, magnitude, angle):
    numbers = [magnitude.mean(), magnitude.std(), magnitude.max(), (magnitude**2).mean()]
    numbers += [np.abs(down).mean(), np.abs(right).mean()]
    bins = (angle * (9 / np.pi)).astype(np.int64)  # twice round: the directions are unsigned
    turns = np.bincount(bins.ravel(), magnitude.ravel(), minlength=27)
    return numbers, turns[:27].reshape(3, 9).sum(axis=0)


def skimage_sobel(image):
    from skimage.filters import sobel_h, sobel_v

    down, right = sobel_h(image), sobel_v(image)
    return _gradient_numbers(down, right, np.hypot(down, right), np.arctan2(down, right) + np.pi)


def opencv_sobel(image):
    import cv2

    right, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    return _gradient_numbers(down, right, *cv2.cartToPolar(right, down))


def opencv_sobel_statistics(image):
    import cv2

    right, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    magnitude = cv2.magnitude(right, down)
    mean, std = cv2.meanStdDev(magnitude)
    energy = cv2.norm(magnitude, cv2.NORM_L2SQR) / magnitude.size
    rest = [cv2.norm(one, cv2.NORM_L1) / one.size for one in (right, down)]
    return mean, std, cv2.minMaxLoc(magnitude)[1], energy, rest


RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def _ring_codes(image, centre):
    height, width = image.shape
    codes = np.zeros((height - 2, width - 2), np.int64)
    inner = centre[1:-1, 1:-1]
    for bit, (r, c) in enumerate(RING):
        near = image[1 + r : height - 1 + r, 1 + c : width - 1 + c]
        codes |= (near >= inner).astype(np.int64) << bit
    return np.bincount(codes.ravel(), minlength=256)


def scipy_mean_lbp(image):
    from scipy.ndimage import uniform_filter

    return _ring_codes(image, uniform_filter(image.astype(np.float64), 3))


def scipy_median_lbp(image):
    from scipy.ndimage import median_filter

    return _ring_codes(image, median_filter(image, 3))


def opencv_median_lbp(image):
    import cv2

    return _ring_codes(image, cv2.medianBlur(image, 3))


def scipy_variance_lbp(image):
    from scipy.ndimage import uniform_filter

    wide = image.astype(np.float64)
    variance = uniform_filter(wide * wide, 3) - uniform_filter(wide, 3) ** 2
    return _ring_codes(variance, variance)


def scipy_first_order(image):
    from scipy import stats

    counts = np.bincount(image.ravel(), minlength=256)
    values = image.ravel().astype(np.float64)
    shares = counts[counts > 0] / values.size
    return (
        counts,
        *(values.mean(), values.std(), values.min(), values.max(), np.median(values)),
        *(stats.skew(values), stats.kurtosis(values), -(shares * np.log2(shares)).sum()),
    )


def opencv_histogram(image):
    import cv2

    return cv2.calcHist([image], [0], None, [256], [0, 256])


def read(path):
    """Read a grey image by the faster of the two readers that are at hand."""
    if not missing("cv2"):
        import cv2

        return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    from PIL import Image

    return np.asarray(Image.open(path))


def every(levels, reduce):
    """Return the loop over everything that somebody without texturekit writes."""
    steps = (
        *(scipy_first_order, skimage_lbp(8, 1, "uniform", 10), skimage_hog, skimage_sobel),
        *(scipy_mean_lbp, scipy_median_lbp, scipy_variance_lbp),
    )
    matrix = skimage_glcm(levels)

    def run(image):
        return [matrix(reduce(image)), *(step(image) for step in steps)]

    return run


def pyradiomics(family, bins):
    """Return the 2-D features of one PyRadiomics family; the volume is made beforehand."""
    return partial(_radiomics, family, bins)


def _radiomics(family, bins, image):
    module = importlib.import_module(f"radiomics.{family.lower()}")
    volume, mask = _volume(image.tobytes(), image.shape)
    name = "FirstOrder" if family == "firstorder" else family.upper()
    found = getattr(module, f"Radiomics{name}")(volume, mask, binCount=bins, force2D=True)
    found.enableAllFeatures()
    return found.execute()


@cache
def _volume(raw, shape):
    import logging

    import SimpleITK as sitk  # noqa: N813 - its usual name

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    values = np.frombuffer(raw, np.uint8).reshape(1, *shape)
    return sitk.GetImageFromArray(values), sitk.GetImageFromArray(np.ones_like(values))


def nyxus_glcm(bins):
    def run(image):
        return _nyxus(bins).featurize(image[np.newaxis], np.ones((1, *image.shape), np.uint8))

    return run


@cache
def _nyxus(bins):
    import nyxus

    return nyxus.Nyxus(["*ALL_GLCM*"], coarse_gray_depth=bins, n_feature_calc_threads=1)
