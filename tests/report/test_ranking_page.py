from __future__ import annotations

from tests.report.studies import study
from texturekit.report.ranking_page import render_ranking
from texturekit.task_ranking import rank_methods


def test_what_limits_a_run_is_said_in_red_before_the_answer():
    one = study(n=60, images=False).results
    short = [m.model_copy(update={"marks": ["shortened: 60 of 120 images"]}) for m in one.methods]
    found = {"a": one, "b": one.model_copy(update={"methods": short})}
    html = render_ranking(rank_methods(found))
    red = html[html.index('class="alarms"') : html.index('id="answer-title"')]

    assert "b: shortened run; random weights in 3 methods." in red
    assert "a: random weights in 3 methods." in red


def test_a_page_of_runs_without_limits_has_nothing_in_red():
    one = study(n=60, images=False).results
    plain = [m.model_copy(update={"weights": None}) for m in one.methods]
    found = {"a": one.model_copy(update={"methods": plain, "findings": []})}

    assert 'class="alarms"' not in render_ranking(rank_methods(found))
