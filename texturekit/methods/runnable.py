"""Which methods can be run here, found out before any image is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ParameterError, TexturekitError, WeightsError
from texturekit.methods.heads import own_weights
from texturekit.methods.learners import Settings, learner

if TYPE_CHECKING:
    from texturekit.data.manifest import Manifest
    from texturekit.methods.following import Followed
    from texturekit.methods.grammar import Method
    from texturekit.methods.planning import Job


def that_can(
    methods: list[Method], manifest: Manifest, followed: Followed
) -> tuple[list[Method], dict[Method, str]]:
    """Sort out the methods of a recipe that cannot be run; refuse what was asked for by name.

    Returns
    -------
    methods : list of Method
    failed : dict of str
        Those that cannot be run, and why.

    Raises
    ------
    TexturekitError
        If one cannot be run that was asked for by name, or none can.
    """
    failed: dict[Method, str] = {}
    for method in methods:
        try:
            learner(method, str(manifest.kind), manifest.classes, Settings())
        except TexturekitError as error:
            if not followed.lenient:
                raise
            failed[method] = f"{type(error).__name__}: {error}"
    left = [method for method in methods if method not in failed]
    if not left:
        raise ParameterError(f"no method of the recipe can be run: {next(iter(failed.values()))}")
    return left, failed


def check_networks(job: Job) -> Job:
    """See that every network of a job can run, before any image is read.

    Returns
    -------
    Job
        Without heads of a recipe whose weights cannot be had; these are ``failed`` then.

    Raises
    ------
    WeightsError
        If weights cannot be had or belong to another network.
    ParameterError
        If the device is not there.
    """
    failed = dict(job.failed)
    heads = [method for method in job.methods if method.classifier == "head"]
    for method in heads:
        try:
            own_weights(method, job.settings)
        except WeightsError as error:
            if not job.followed.lenient:
                raise
            failed[method] = f"{type(error).__name__}: {error}"
    others = {p.name for method in job.methods if method not in heads for p in method.parts}
    names = sorted(others & set(BACKBONES))
    if names:
        from texturekit.deep.loading import choose_device
        from texturekit.deep.networks import check_weights

        choose_device(job.options.device)
        for name in names:
            check_weights(name, job.options.weights, seed=job.options.seed)
    return replace(job, methods=[m for m in job.methods if m not in failed], failed=failed)
