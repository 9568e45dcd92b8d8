"""The loop: epochs, steps, validation, when to stop, which weights to keep."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from texturekit import events
from texturekit.deep import ranks
from texturekit.deep.keeping import Keeper, Progress
from texturekit.deep.networks import seeded
from texturekit.deep.optimising import optimiser_of, rate, set_rates
from texturekit.deep.plans import Timed, changes, mixed, plan
from texturekit.deep.settings import AS_THEY_ARE
from texturekit.deep.targets import Loss, score
from texturekit.deep.trained import Epoch
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.deep.parts import Part
    from texturekit.deep.settings import Settings
    from texturekit.deep.trained import After

_CHECKED = 16  # steps between two looks at the loss on a GPU, which has to stop for each
_SLOW = 0.2  # share of waiting for pictures that is worth a word
_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass
class Learning:
    """A network that learns, with all that belongs to it.

    Attributes
    ----------
    module : torch.nn.Sequential
        Body and head, on the device; what shall not learn needs no gradient.
    settings : Settings
        With rate, head factor and precision decided.
    loss : Loss
    train, val : Part
    device : torch.device
    progress : Progress
        Grows with every epoch.
    after : callable, optional
        Is told of every epoch, and of the logits of the validation pictures.
    """

    module: nn.Sequential
    settings: Settings
    loss: Loss
    train: Part
    val: Part | None
    device: torch.device
    progress: Progress = field(default_factory=Progress)
    after: After | None = None

    def __post_init__(self) -> None:
        self.optimiser = optimiser_of(self.module, self.settings)
        self.told: NDArray[np.float64] | None = None  # the last logits of the validation pictures
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=self.settings.precision == "float16"
        )
        self.body = self.module.get_submodule("body")
        self.tail = self.module  # what has to be computed in every step
        if self.settings.frozen:
            self.body.eval()
            self._keep_maps()
        self.stepping = ranks.parallel(self.tail, self.device)
        self.stage = f"training {self.train.card.name}"

    def _keep_maps(self) -> None:
        """Compute once what never changes: the front of the network, if the pictures do not."""
        if self.settings.augmentation != AS_THEY_ARE:
            return
        cut = _unchanging(self.module)
        front = self.module[:cut].eval()
        train = self.train.through(front, self.device)
        val = None if self.val is None else self.val.through(front, self.device)
        if train.maps is not None and (val is None or val.maps is not None):
            self.train, self.val, self.tail = train, val, self.module[cut:]

    def run(self, keeper: Keeper | None = None) -> None:
        """Train to the end, and leave the network with the weights that are to be kept.

        Raises
        ------
        ParameterError
            If a loss is not finite, or the smallest possible batch needs too much memory.
        ModelError
            If the kept state is of another run.
        """
        if keeper is not None:
            found = keeper.read(self.module, self.optimiser, self.scaler)
            if found is not None:
                self.progress = found
                events.warn(self.stage, f"goes on after epoch {len(found.history)}")
        history = self.progress.history
        while len(history) < self.settings.epochs and not self.progress.ended:
            epoch = len(history) + 1
            with seeded(mixed(self.settings.seed, epoch, ranks.own()), self.device):
                history.append(self._epoch(epoch))
            self._judge(history[-1])
            if self.after is not None:
                self.after(history[-1], self.told)
            if keeper is not None:
                if ranks.is_first():
                    keeper.write(self.progress, self.module, self.optimiser, self.scaler)
                ranks.wait()
            events.progress(self.stage, epoch, self.settings.epochs)
        if self.progress.ended:
            events.note(
                self.stage,
                f"stopped after epoch {len(history)}: no better than epoch {self.progress.best}",
            )
        if self.progress.kept is not None:
            self.module.load_state_dict(self.progress.kept)
        self._tell_waiting()

    def _epoch(self, epoch: int) -> Epoch:
        """Learn from every picture once, and look at the validation pictures."""
        started = time.perf_counter()
        train_loss, waited = self._learn(epoch)
        learnt = time.perf_counter() - started
        ranks.like_the_first(self.module)
        if not all(
            bool(torch.isfinite(value).all()) for value in self.module.state_dict().values()
        ):
            self._check(math.nan, f"network's weights became infinite in epoch {epoch}")
        val_loss = val_score = None
        if self.val is not None:
            self.tail.eval()
            size = 8 if self.device.type == "cpu" else self.settings.batch // self.progress.pieces
            with self._autocast():
                logits = self.val.outputs(self.tail, self.device, max(1, size))
            self.told = logits.double().cpu().numpy()
            loss = self.loss.plain()
            val_loss = float(loss(logits, self.val.targets) / loss.total(self.val.targets))
            val_score = score(logits, self.val.targets, self.loss.kind)
            self._check(val_loss, f"validation loss became {val_loss} in epoch {epoch}")
        steps = len(self._plan(epoch))
        top = self.settings.learning_rate or 0.0
        return Epoch(
            epoch=epoch,
            train_loss=train_loss,
            val_loss=val_loss,
            val_score=val_score,
            learning_rate=rate(self.settings, top, epoch * steps - 1, steps),
            seconds=time.perf_counter() - started,
            wait=min(1.0, waited / learnt),
        )

    def _judge(self, epoch: Epoch) -> None:
        """Keep the weights if they are the best so far; see whether it is time to stop."""
        progress, loss = self.progress, epoch.val_loss
        if loss is None:
            progress.best = epoch.epoch
            return
        if loss < progress.lowest - (self.settings.min_delta if progress.best else 0.0):
            progress.best, progress.lowest = epoch.epoch, loss
            if self.settings.keep == "best":
                # a copy, laid out as the network's own
                progress.kept = {k: v.clone() for k, v in self.module.state_dict().items()}
        elif self.settings.patience is not None:
            progress.ended = epoch.epoch - progress.best >= self.settings.patience

    def _plan(self, epoch: int) -> list[list[int]]:
        return plan(self.train.targets, self.loss.kind, self.settings, epoch)

    def _learn(self, epoch: int) -> tuple[float, float]:
        """Learn from every picture once; return the mean loss and the seconds of waiting."""
        self.module.train()
        if self.settings.frozen:
            self.body.eval()  # its batch statistics stay too
        batches, beside = self._plan(epoch), ranks.count()
        chance = changes(batches, self.settings, epoch)
        own = [rows[ranks.own() :: beside] for rows in batches]
        feed = Timed(self.train.blocks([row for rows in own for row in rows], len(own[0])))
        losses: list[torch.Tensor] = []
        total, weight = (
            0.0,
            sum(float(self.loss.total(self.train.targets[rows])) for rows in batches),
        )
        for step, (rows, block) in enumerate(feed):
            set_rates(
                self.optimiser, self.settings, (epoch - 1) * len(batches) + step, len(batches)
            )
            known = float(self.loss.total(self.train.targets[batches[step]]))
            numbers = chance[step, ranks.own() :: beside]
            losses.append(self._step(rows, block, numbers, max(known, 1e-6) / beside))
            if self.device.type == "cpu" or len(losses) == _CHECKED or step + 1 == len(batches):
                part = float(torch.stack(losses).sum())
                place = f"epoch {epoch}, step {step + 1}"
                self._check(part, f"training loss became {part} in {place}")
                total, losses = total + part, []
        all_of_it = ranks.summed(torch.tensor(total, dtype=torch.float64), self.device)
        return float(all_of_it) / max(weight, 1e-6), feed.seconds

    def _step(
        self, rows: Sequence[int], block: torch.Tensor, chance: torch.Tensor, known: float
    ) -> torch.Tensor:
        """Change the weights by what one batch teaches; return its summed loss."""
        part: torch.Tensor | None = None
        while part is None:
            try:
                part = self._gradients(rows, block, chance, known)
            except torch.OutOfMemoryError as error:
                problem = str(error)
            if part is None:  # outside, so that nothing holds on to what was computed
                self._halve(len(rows), problem)
        self.scaler.unscale_(self.optimiser)
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.tail.parameters(), self.settings.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return part

    def _gradients(
        self, rows: Sequence[int], block: torch.Tensor, chance: torch.Tensor, known: float
    ) -> torch.Tensor:
        self.optimiser.zero_grad()
        targets, total = self.train.targets[list(rows)], torch.zeros((), device=self.device)
        pieces = max(1, min(self.progress.pieces, len(rows) // 2))
        for piece in torch.arange(len(rows)).tensor_split(pieces):
            numbers = chance[piece]
            some = block[piece] if pieces > 1 else block
            values = self.train.inputs(some, self.device, numbers, self.settings.augmentation)
            with self._autocast():
                logits = self.stepping(values)
            loss = self.loss(logits.float(), targets[piece].to(self.device))
            torch.autograd.backward(self.scaler.scale(loss / known))
            total += loss.detach()
        return total

    def _halve(self, rows: int, problem: str) -> None:
        self.optimiser.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        pieces = self.progress.pieces * 2
        if rows // pieces < 2 or ranks.count() > 1:
            raise ParameterError(
                f"the GPU's memory is too small for {max(2, rows // self.progress.pieces)} "
                f"pictures at a time ({problem.partition('.')[0]}); choose a smaller batch, "
                "smaller pictures, or a smaller backbone."
            )
        self.progress.pieces = pieces
        events.warn(
            self.stage,
            f"the GPU's memory ran out; each batch of {self.settings.batch} is now computed in "
            f"{pieces} pieces. Only batch normalisation sees the difference.",
        )

    def _autocast(self) -> torch.autocast:
        kind = _TYPES.get(self.settings.precision)
        return torch.autocast(self.device.type, kind or torch.bfloat16, enabled=kind is not None)

    def _check(self, value: float, what: str) -> None:
        if not math.isfinite(value):
            raise ParameterError(
                f"the {what}, with learning_rate={self.settings.learning_rate:g}; choose a lower "
                "one, or check the weights it started from."
            )

    def _tell_waiting(self) -> None:
        seconds = sum(epoch.seconds for epoch in self.progress.history)
        waited = sum(epoch.seconds * epoch.wait for epoch in self.progress.history)
        if waited > _SLOW * seconds:
            events.note(
                self.stage,
                f"{waited / seconds:.0%} of the time went by waiting for pictures; give more "
                "workers, or pictures of the size that the network sees.",
            )


def _unchanging(module: nn.Sequential) -> int:
    """Return how many parts of a network with a frozen body give the same again and again."""
    for place, part in enumerate(module):
        learns = any(value.requires_grad for value in part.parameters())
        if learns or (isinstance(part, nn.Dropout) and part.p > 0):
            return place
    return len(module)
