"""The service's answers as JSON."""

# Annotations are evaluated here: FastAPI would look for the names in them among this module's.
import math
from typing import TYPE_CHECKING, Any

from texturekit.app.limits import Refused
from texturekit.app.multipart import received
from texturekit.app.service import NOTICE, UNTESTED

if TYPE_CHECKING:
    from fastapi import FastAPI

    from texturekit.app.desk import Desk
    from texturekit.app.inbox import Inbox
    from texturekit.app.service import Judgement, Service

_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}}
                    },
                }
            }
        },
    }
}


def rest(service: "Service", desk: "Desk", inbox: "Inbox") -> "FastAPI":
    """Return an application with ``/api/model``, ``/api/health`` and ``/api/predict``.

    Parameters
    ----------
    service : Service
    desk : Desk
    inbox : Inbox
    """
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse

    import texturekit

    # The pages that FastAPI draws of itself load their scripts from elsewhere: none of them.
    app = FastAPI(
        title=f"texturekit: {service.model.method.name}", version=texturekit.__version__,
        description=NOTICE, docs_url=None, redoc_url=None,
    )  # fmt: skip

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"error": error.sentence}, error.status, headers=error.headers)

    @app.get("/api/health", summary="Whether the service answers, and how busy it is")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "requests": desk.taken, "most": desk.seats}

    @app.get("/api/model", summary="What the model is, and how good it was where it was tested")
    async def model() -> dict[str, Any]:
        return service.about()

    @app.post("/api/predict", summary="Ask about image files", openapi_extra=_FORM)
    async def predict(request: Request) -> dict[str, Any]:
        desk.check()
        kind = request.headers.get("content-type", "")
        files = await received(kind, request.stream(), inbox, asked=True)
        try:
            with desk.seat():
                found = [await desk.ask(service.judge, sent) for sent in files]
        finally:
            inbox.remove(files)
        answers = [as_json(service, one) for judgements in found for one in judgements]
        return {"method": service.model.method.name, "notice": NOTICE, "files": answers}

    return app


def as_json(service: "Service", one: "Judgement") -> dict[str, Any]:
    """Return a judgement as JSON; undefined numbers are null with a reason beside them."""
    model = service.model
    if one.status != "ok":
        return {"name": one.name, "status": one.status, "error": one.error}
    return {
        "name": one.name,
        "status": one.status,
        "error": None,
        "probabilities": one.probabilities,
        "predicted": one.predicted,
        "threshold": one.threshold,
        "thresholds": one.thresholds,
        "ood": {
            "score": one.ood_score, "threshold": _finite(one.ood_threshold), "outside": one.outside,
            "reason": model.ood.reason or None,
        },
        "tested": {
            label: share.model_dump(mode="json")
            for label, p in one.probabilities.items()
            if (share := service.tested(label, p)) is not None
        },
        "untested": UNTESTED if model.tested is None else None,
    }  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
