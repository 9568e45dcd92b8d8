"""The page of an audit: what was found, and the copies side by side."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import texturekit
from texturekit.errors import OutputError
from texturekit.outputs import check_output, replacing
from texturekit.report.page import shell, templates
from texturekit.report.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from texturekit.auditing import Audit
    from texturekit.records import AuditResults

_GROUPS_SHOWN, _IMAGES_SHOWN, _ROWS_SHOWN = 40, 8, 50
_WORDS = {
    "exact": ("Exact copies", "The same bytes."),
    "near": (
        "Near copies",
        "The same picture, resized, re-encoded, mirrored or cropped a little. Groups that hold "
        "exact copies only stand above.",
    ),
    "possible": (
        "Possible copies",
        "More alike than unrelated images of this set: neighbouring slices or frames, another "
        "sequence of the same patient, or chance. Look at them.",
    ),
}


def write_audit(audit: Audit, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write an audit: complete, or not at all.

    Parameters
    ----------
    audit : Audit
        What `texturekit.audit` returned.
    path : str or Path
        A file that ends in ``.html``, or a folder to make, for ``index.html`` and ``audit.json``.
    overwrite : bool, default False
        Whether an audit that stands there may be replaced; any other folder never is.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    OutputError
        If it exists, or cannot be written.
    """
    path = check_audit_output(path, overwrite=overwrite)
    page = render_audit(audit)
    with replacing(path, overwrite=overwrite) as partial:
        if path.suffix.lower() == ".html":
            partial.write_text(page, encoding="utf-8")
            return path
        partial.mkdir()
        (partial / "index.html").write_text(page, encoding="utf-8")
        text = audit.results.model_dump_json(indent=2)
        (partial / "audit.json").write_text(text + "\n", encoding="utf-8")
    return path / "index.html"


def check_audit_output(path: str | Path, *, overwrite: bool = False) -> Path:
    """Raise before any work is done if an audit cannot be written to a path.

    Raises
    ------
    OutputError
        If it exists and may not be replaced, is a folder that no audit made, or cannot be made.
    """
    path = check_output(path, overwrite=overwrite)
    if path.is_dir() and not (path / "audit.json").is_file():
        raise OutputError(f"{path} is a folder, but holds no audit; choose another output.")
    return path


def render_audit(audit: Audit) -> str:
    """Draw the page of an audit: one HTML document that loads nothing from anywhere."""
    results = audit.results
    return (
        templates()
        .get_template("audit.html.j2")
        .render(
            results=results,
            summary=summary(results),
            sections=[_section(audit, kind) for kind in _WORDS],
            mixes=[
                (
                    "Resolution",
                    "Size",
                    list(results.sizes.items())[:_ROWS_SHOWN],
                    len(results.sizes),
                ),
                ("Mode", "Mode", list(results.modes.items()), len(results.modes)),
                ("Format", "Format", list(results.formats.items()), len(results.formats)),
            ],
            unusable=[*results.unreadable, *(s for s in results.skipped if s.kind != "ignored")],
            rows_shown=_ROWS_SHOWN,
            shell=shell(),
            version=texturekit.__version__,
        )
    )


def summary(results: AuditResults) -> list[tuple[str, str]]:
    """Return what was found as severity (``error``, ``warning``, ``""``) and sentence, worst first.

    Examples
    --------
    >>> found = tk.audit(tk.load_task("breast"), shortcuts=False, images=False).results
    >>> summary(found)[0]
    ('', 'No copies of images were found.')
    """
    lines = [*_leaks(results), *_wrong(results), *_copies(results)]
    lines += [
        ("warning", f"{one.name}: AUC {one.roc_auc.value:.2f}. {one.text}")
        for one in results.shortcuts
        if one.roc_auc.value is not None and one.text.startswith(("Shortcut", "Size and", "The "))
    ]
    if results.groups_with_two_labels:
        n = results.groups_with_two_labels
        lines.append(("", f"{n} of {results.groups} groups (patients) have images of two labels."))
    return lines + [("", note) for note in results.notes]


def _leaks(results: AuditResults) -> list[tuple[str, str]]:
    lines = []
    over = len(results.groups_over_splits)
    if over:
        lines.append(("error", f"In two splits: {counted(over, 'group')} (patients)."))
    for kind in _WORDS:
        n = sum(one.kind == kind for one in results.duplicates_over_splits)
        if n:
            severity = "error" if kind == "exact" else "warning"
            lines.append((severity, f"In two splits: {counted(n, 'pair')} of {kind} copies."))
    return lines


def _wrong(results: AuditResults) -> list[tuple[str, str]]:
    lines = []
    for kind in ("exact", "near"):
        n = sum(one.kind == kind for one in results.two_labels)
        if n:
            lines.append(("error", f"Under two labels: {counted(n, 'group')} of {kind} copies."))
    if results.unreadable:
        lines.append(("error", f"Cannot be read: {counted(len(results.unreadable), 'image')}."))
    invalid = sum(skip.kind != "ignored" for skip in results.skipped)
    if invalid:
        lines.append(("error", f"Cannot be used: {counted(invalid, 'row')}."))
    return lines


def _copies(results: AuditResults) -> list[tuple[str, str]]:
    lines = []
    for words, groups in (
        ("exact", results.exact_duplicates),
        ("near or exact", results.near_duplicates),
        ("possible, near or exact", results.possible_duplicates),
    ):
        if groups:
            again = counted(sum(map(len, groups)) - len(groups), "image")
            lines.append(
                ("warning", f"{counted(len(groups), 'group')} of {words} copies: of "
                 f"{results.used} images, {again} too many.")
            )  # fmt: skip
    return lines or [("", "No copies of images were found.")]


def _section(audit: Audit, kind: str) -> dict[str, Any]:
    """Return the groups of one kind that the closer kind does not list already."""
    results = audit.results
    lists = {
        "exact": ([], results.exact_duplicates),
        "near": (results.exact_duplicates, results.near_duplicates),
        "possible": (results.near_duplicates, results.possible_duplicates),
    }
    known, groups = lists[kind]
    listed = {tuple(group) for group in known}
    groups = [group for group in groups if tuple(group) not in listed]
    title, words = _WORDS[kind]
    return {
        "kind": kind,
        "title": title,
        "words": words,
        "total": len(groups),
        "groups": [_group(audit, group) for group in groups[:_GROUPS_SHOWN]],
    }


def _group(audit: Audit, paths: Sequence[str]) -> dict[str, Any]:
    held = set(paths)
    pairs = [pair for pair in audit.results.pairs if pair.a in held and pair.b in held]
    labels = [t for t in audit.results.two_labels if set(t.images) <= held]
    return {
        "images": [(path, _source(audit.pictures.get(path))) for path in paths[:_IMAGES_SHOWN]],
        "more": max(0, len(paths) - _IMAGES_SHOWN),
        "likeness": max((pair.likeness for pair in pairs), default=None),
        "least": min((pair.likeness for pair in pairs), default=None),
        "mirrored": any(pair.mirrored for pair in pairs),
        "labels": sorted({label for one in labels for label in one.labels}),
    }


def _source(picture: bytes | None) -> str | None:
    if picture is None:
        return None
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
