"""The page: Gradio carries files and answers, templates of our own say what is said."""

from __future__ import annotations

import base64
import io
import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from texturekit.app.limits import MB, Refused
from texturekit.app.service import NOTICE, OUTSIDE, UNTESTED
from texturekit.decoding.formats import FORMATS
from texturekit.methods.deciding import THRESHOLD
from texturekit.methods.fitted_weights import start_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jinja2 import Environment
    from numpy.typing import NDArray

    from texturekit.app.desk import Desk
    from texturekit.app.inbox import Inbox
    from texturekit.app.limits import Limits
    from texturekit.app.service import Service, Shown
    from texturekit.records.base import Estimate

_LOG = logging.getLogger("texturekit.app")

#: The figures of a comparison that are said, by kind of task, in plain words.
_FIGURES = {
    "roc_auc": "AUC: how often a {positive} image gets the higher probability of two",
    "sensitivity": "sensitivity: found of the {positive} images",
    "specificity": "specificity: left alone of the others",
    "balanced_accuracy": "balanced accuracy: right, each class counted alike",
}
_OF_KIND = {
    "binary": ("roc_auc", "sensitivity", "specificity"),
    "multiclass": ("roc_auc", "balanced_accuracy"),
    "multilabel": ("roc_auc",),
}


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("texturekit.app"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {"percent": percent, "signed": signed, "picture": picture, "two": two}
    return found


def percent(value: float | None) -> str:
    """Say a probability; never that something is certain.

    Examples
    --------
    >>> percent(0.7712), percent(0.0004), percent(0.99999), percent(None)
    ('77%', 'under 1%', 'over 99%', 'not known')
    """
    return "not known" if value is None else _share(value, 0)


def against(value: float, cut: float) -> tuple[str, str]:
    """Say a probability and a threshold with as many digits as tell which one is larger.

    Examples
    --------
    >>> against(0.77, 0.5), against(0.4996, 0.5), against(0.5, 0.5)
    (('77%', '50%'), ('49.96%', '50.00%'), ('50%', '50%'))
    >>> against(0.003, 0.004)
    ('0.3%', '0.4%')
    """
    for digits in range(15):
        told = _share(value, digits), _share(cut, digits)
        if value == cut or told[0] != told[1]:
            return told
    return f"{value!r}", f"{cut!r}"


def _share(value: float, digits: int) -> str:
    """Say a share in hundredths; where it would round to none or all, that it is under or over."""
    least = 10.0**-digits
    if 100 * value < least:
        return f"under {least:.{digits}f}%"
    if 100 * value > 100 - least:
        return f"over {100 - least:.{digits}f}%"
    return f"{100 * value:.{digits}f}%"


def signed(value: float) -> str:
    """Say how many points of a hundred a part adds.

    Examples
    --------
    >>> signed(0.123), signed(-0.02), signed(0.0001)
    ('+12.3', '-2.0', '0.0')
    """
    points = round(100 * value, 1)
    return f"{points:+.1f}" if points else "0.0"


def two(value: float) -> str:
    """Say a share with two digits."""
    return f"{value:.2f}"


def picture(pixels: NDArray[Any] | bytes) -> str:
    """Return a picture as an address that holds it: (H, W, 3) uint8, or the bytes of a WebP."""
    if not isinstance(pixels, bytes):
        from PIL import Image

        drawn = Image.fromarray(pixels)
        drawn.thumbnail((480, 480))
        buffer = io.BytesIO()
        drawn.save(buffer, "WEBP", quality=85)
        pixels = buffer.getvalue()
    return f"data:image/webp;base64,{base64.b64encode(pixels).decode()}"


def head(service: Service, limits: Limits) -> str:
    """Return what stands above: what the model is, how good it was, what it is not for."""
    model = service.model
    thresholds = dict(model.decision.cuts)
    if not thresholds and model.kind != "multiclass":
        thresholds = {model.positive or "every label": THRESHOLD}
    return _templates().get_template("head.html.j2").render(
        notice=NOTICE, model=model, tested=model.tested, untested=UNTESTED,
        figures=_figures(service), thresholds=thresholds, frames=str(service.frames),
        weights=start_of(model), formats=", ".join(one.name for one in FORMATS), limits=limits,
        size=limits.file / MB,
    )  # fmt: skip


def _figures(service: Service) -> list[tuple[str, Estimate]]:
    model = service.model
    if model.tested is None:
        return []
    return [
        (_FIGURES[name].format(positive=model.positive or "class's"), model.tested.metrics[name])
        for name in _OF_KIND[model.kind]
        if name in model.tested.metrics
    ]


def card(service: Service, shown: Shown) -> str:
    """Return what is said of one picture, as HTML; every text in it is escaped."""
    return _templates().get_template("card.html.j2").render(
        one=shown.judgement, shown=shown, model=service.model, rows=_rows(service, shown),
        outside=OUTSIDE, untested=UNTESTED, notice=NOTICE, decision=_decision(service, shown),
    )  # fmt: skip


def _rows(service: Service, shown: Shown) -> list[dict[str, Any]]:
    """Return a row a class, with what tests saw of images with such a probability."""
    one, model = shown.judgement, service.model
    several = model.kind == "multilabel"
    chosen = set((one.predicted or "").split("|")) if several else {one.predicted}
    rows = []
    for label, p in one.probabilities.items():
        share = service.tested(label, p)
        marked = several or label == model.positive
        cut = one.cut(label) if marked else None
        told, limit = percent(p), percent(cut)
        if p is not None and cut is not None:
            told, limit = against(p, cut)
        rows.append(
            {
                "label": label,
                "p": p,
                "told": told,
                "chosen": label in chosen,
                "share": share,
                "seen": model.tested is not None and label in model.tested.observed,
                "count": None if share is None else round(share.seen * share.n),
                "cut": cut,
                "limit": limit,
            }
        )
    return rows


def _decision(service: Service, shown: Shown) -> str:
    """Say what was decided, and by which rule."""
    one, model = shown.judgement, service.model
    if model.kind == "multilabel":
        found = (one.predicted or "").replace("|", ", ")
        if not found:
            return "All labels are below their thresholds."
        return f"At or above their thresholds: {found}."
    if one.threshold is None:
        return f"Most probable: {one.predicted}."
    p = one.probabilities.get(str(model.positive))
    side = "at or above" if one.predicted == model.positive else "below"
    told, cut = against(float(p or 0.0), one.threshold)
    return (
        f"Decision: {one.predicted} - the probability of {model.positive}, {told}, is {side} "
        f"the model's threshold of {cut}."
    )


def blocks(service: Service, desk: Desk, inbox: Inbox, limits: Limits) -> Any:
    """Return the page as Gradio's blocks.

    Parameters
    ----------
    service : Service
    desk : Desk
    inbox : Inbox
        Where uploads are: only what lies there can be asked about.
    limits : Limits
    """
    import gradio as gr

    async def answer(paths: Any) -> AsyncIterator[tuple[None, str]]:
        files = [sent for path in paths or [] if (sent := inbox.take(str(path))) is not None]
        late = [name for path in paths or [] if (name := inbox.dropped(str(path))) is not None]
        said = "".join(
            _message(f"{name!r} was uploaded too long ago; drop it again.") for name in late
        )
        try:
            if not files and late:
                yield None, said
                return
            if not files:
                yield None, _message("No file is here. Drop one above, then ask again.")
                return
            with desk.seat():
                for sent in files:
                    shown = await desk.ask(service.show, sent)
                    said += "".join(card(service, one) for one in shown)
                    inbox.remove([sent])
                    yield None, said
        except Refused as refused:
            yield None, said + _message(f"{refused.sentence} Then drop the files again.")
        except Exception:
            _LOG.exception("the page could not answer")
            yield None, said + _message("Something went wrong here; see the service's log.")
        finally:
            inbox.remove(files)

    with gr.Blocks(
        title=f"{service.model.method.name} - texturekit", analytics_enabled=False
    ) as page:
        gr.HTML(head(service, limits), padding=False, elem_id="tk-head")
        files = _by_name(gr.File(
            file_count="multiple", label="Images: drop, or press Enter",
            height=160, elem_id="tk-files",
        ))  # fmt: skip
        button = gr.Button("Ask the model", variant="primary", elem_id="tk-ask")
        answers = gr.HTML("", padding=False, elem_id="tk-answers")
        button.click(
            answer, files, [files, answers], api_visibility="private", show_progress="minimal",
            concurrency_limit=limits.waiting,
        )  # fmt: skip
    page.queue(max_size=limits.waiting, api_open=False, default_concurrency_limit=limits.waiting)
    return page


def _by_name(files: Any) -> Any:
    """Let Gradio hand over the names under which files lie in our folder, and open nothing.

    Not as a class of our own: Gradio writes a file beside the module for each of these.
    """
    files.data_model = None
    files.preprocess = lambda names: names
    files.api_info = lambda: {"type": "array", "items": {"type": "string"}}
    return files


def _message(text: str) -> str:
    return _templates().get_template("message.html.j2").render(text=text)
