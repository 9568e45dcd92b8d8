"""Pictures decoded by processes of their own, so that a network need not wait for them."""

from __future__ import annotations

import multiprocessing
import os
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from texturekit.deep.seeing import Picture, seen
from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.seeing import PictureSequence

_AHEAD = 2  # portions that each process decodes before they are asked for
_DIED = re.compile(r"pid\(s\) ([\d, ]+)\) exited unexpectedly")  # torch's words

Portion = tuple[list[int], "torch.Tensor | list[Picture | ImageError]", dict[int, Any]]


class Decoders:
    """Processes that decode pictures; they live as long as this object.

    They are started by forkserver: numba's and OpenMP's threads do not survive a fork, and a
    process forked from a program that used them is killed.

    Parameters
    ----------
    pictures : sequence of pictures
        Sent to the processes once; its class must be importable there.
    backbone : Backbone
        Who looks at them.
    workers : int
        Number of processes, at least 1.
    """

    def __init__(self, pictures: PictureSequence, backbone: Backbone, workers: int) -> None:
        self._pictures, self._plan = pictures, _Plan()
        self._at = torch.full((workers, 2), -1)  # process id, picture
        self._at.share_memory_()  # type: ignore[no-untyped-call]
        context = multiprocessing.get_context("forkserver")
        # the server imports torch once, not every process anew: seconds each
        context.set_forkserver_preload(["__main__", __name__])
        self._loader: DataLoader[Portion] = DataLoader(
            _Portions(pictures, backbone, self._at),
            sampler=self._plan,
            batch_size=None,
            collate_fn=_as_it_is,
            num_workers=workers,
            prefetch_factor=_AHEAD,
            persistent_workers=True,
            multiprocessing_context=context,
            generator=torch.Generator(),  # else it draws from the one that dropout draws from
        )

    def portions(
        self, plan: Sequence[list[int]]
    ) -> Iterator[tuple[list[int], torch.Tensor | list[Picture | ImageError]]]:
        """Yield pictures in the portions that are planned, in that order.

        Each comes as one (n, H, W, C) tensor, or as a list if a picture cannot be used - then its
        place holds the `ImageError` that says why - or the sizes differ.

        Raises
        ------
        ImageError
            If a process died.
        """
        self._plan.portions = list(plan)
        try:
            for rows, block, noted in self._loader:
                if noted:  # notes taken in another process come home
                    self._pictures.notes.rows.update(noted)  # type: ignore[attr-defined]
                yield rows, block
        except RuntimeError as error:
            dead = _DIED.search(str(error))
            if dead is None:
                raise
            raise ImageError(self._epitaph({int(pid) for pid in dead[1].split(",")})) from error

    def _epitaph(self, dead: set[int]) -> str:
        rows = [row for pid, row in self._at.tolist() if pid in dead and row >= 0]
        paths = getattr(getattr(self._pictures, "manifest", None), "paths", None)
        names = [str(row) if paths is None else f"{row} ({str(paths[row])!r})" for row in rows]
        if not rows:
            return (
                "a process that decodes pictures died before it looked at one; a script that "
                "starts processes needs `if __name__ == '__main__':` around its calls. Or set "
                "workers=0 to decode in this process."
            )
        return (
            f"a process that decodes pictures died at picture {', '.join(names)}; leave that "
            "picture out, give more memory (a container: more of /dev/shm, --shm-size), or set "
            "workers=0 to decode in this process."
        )


class _Plan:
    """The portions of the next pass; a sampler in torch's words."""

    def __init__(self) -> None:
        self.portions: list[list[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.portions)

    def __len__(self) -> int:
        return len(self.portions)


class _Portions(Dataset[Portion]):
    """What a process does: decode the pictures of a portion."""

    def __init__(self, pictures: PictureSequence, backbone: Backbone, at: torch.Tensor) -> None:
        self.pictures, self.backbone, self.at = pictures, backbone, at

    def __getitem__(self, rows: list[int]) -> Portion:
        notes = getattr(getattr(self.pictures, "notes", None), "rows", {})
        notes.clear()
        block = [self._seen(row) for row in rows]
        fine = [picture for picture in block if not isinstance(picture, ImageError)]
        if len(fine) == len(block) and len({(p.shape, p.dtype) for p in fine}) == 1:
            # a tensor travels in shared memory, a list of arrays through a pipe
            return rows, torch.from_numpy(np.stack(fine)), dict(notes)
        return rows, block, dict(notes)

    def _seen(self, row: int) -> Picture | ImageError:
        info = get_worker_info()
        assert info is not None  # nobody else asks
        self.at[info.id] = torch.tensor((os.getpid(), row))
        return seen(self.pictures, row, self.backbone)


def _as_it_is(portion: Any) -> Any:
    return portion
