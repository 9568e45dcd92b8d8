"""Probes of libraries: a script that tells, line by line, how far it came.

Run by file name, so that it needs nothing of texturekit that it does not look at.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from typing import Any

# Haralick, Shanmugam and Dinstein (1973), figure 3: the image, and the matrix of 0 degrees.
IMAGE = [[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]]
MATRIX = [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]]


def tell(**facts: Any) -> None:
    """Write facts at once: what comes next may end the process."""
    sys.stdout.write("\n" + json.dumps(facts) + "\n")
    sys.stdout.flush()


def modules(*names: str) -> None:
    """Import modules one after the other."""
    failed = {}
    for name in names:
        tell(importing=name)
        try:
            importlib.import_module(name)
        except Exception as error:
            failed[name] = _said(error)
    tell(importing=None, failed=failed)


def opencv() -> None:
    """Import OpenCV and let it read what it wrote: a 16-bit picture."""
    import cv2
    import numpy as np

    tell(version=cv2.__version__, file=cv2.__file__)
    picture = np.array([[0, 1000], [40000, 65535]], dtype=np.uint16)
    read: Any = cv2.imdecode(cv2.imencode(".png", picture)[1], cv2.IMREAD_UNCHANGED)
    tell(right=bool(np.array_equal(read, picture)))


def torch() -> None:
    """Import torch and torchvision, compute a known convolution, look for GPUs."""
    import torch

    tell(torch=torch.__version__, cuda=torch.version.cuda, hip=torch.version.hip)
    tell(right=_convolved(torch, "cpu"), threads=torch.get_num_threads())
    try:
        import torchvision

        tell(torchvision=torchvision.__version__)
        boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 2.0]])
        kept = torch.ops.torchvision.nms(boxes, torch.tensor([0.5, 0.9]), 0.5)
        tell(nms=kept.tolist() == [1])
    except Exception as error:
        tell(torchvision_error=_said(error))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    tell(available=available, said=[str(one.message) for one in said])
    if available:
        _gpus(torch)


def _gpus(torch: Any) -> None:
    tell(architectures=torch.cuda.get_arch_list())
    found = []
    for place in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(place)
        one = {"name": about.name, "capability": [about.major, about.minor]}
        found.append({**one, "gigabytes": round(about.total_memory / 1e9, 1)})
    tell(gpus=found)
    try:
        tell(gpu_right=_convolved(torch, "cuda"))
    except Exception as error:
        tell(gpu_error=_said(error))


def _convolved(torch: Any, device: str) -> bool:
    """Sum the nine windows of 2 x 2 pixels of 0, 1, ..., 15: 10, 14, 18, 26, ..."""
    picture = torch.arange(16.0, device=device).reshape(1, 1, 4, 4)
    sums = torch.nn.functional.conv2d(picture, torch.ones(1, 1, 2, 2, device=device))
    return bool(sums.flatten().tolist() == [10, 14, 18, 26, 30, 34, 42, 46, 50])


def xgboost() -> None:
    """Import XGBoost and fit a tree whose leaves are known."""
    import numpy as np
    import xgboost

    tell(version=xgboost.__version__)
    x, y = np.arange(4.0)[:, None], np.array([0.0, 0.0, 1.0, 1.0])
    settings = {"eta": 1, "lambda": 0, "max_depth": 1, "base_score": 0.5, "verbosity": 0}
    data = xgboost.DMatrix(x, y)
    tree = xgboost.train({**settings, "min_child_weight": 0, "nthread": 1}, data, 1)
    tell(right=bool(np.allclose(tree.predict(data), y, atol=1e-6)))


def kernels() -> None:
    """Count the pairs of grey levels of Haralick's image, and tell where machine code is kept."""
    import numba
    import numpy as np

    tell(numba=numba.__version__)
    from texturekit.kernels import _jit

    cache = None if _jit.CACHE is None else str(_jit.CACHE)
    config: Any = numba.config
    tell(cache=cache, jit=not config.DISABLE_JIT)
    from texturekit.features import cooccurrence, glcm_statistics

    image = np.array(IMAGE, dtype=np.uint8)
    matrix = cooccurrence(image, levels=4, angles=[0], normalise=False)[0]
    contrast = glcm_statistics(matrix)["contrast"]
    tell(matrix=matrix.astype(int).tolist(), contrast=float(contrast))


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    try:
        {one.__name__: one for one in (modules, opencv, torch, xgboost, kernels)}[sys.argv[1]](
            *sys.argv[2:]
        )
    except Exception as problem:
        absent = problem.name if isinstance(problem, ModuleNotFoundError) else None
        tell(error=_said(problem), missing=absent)
