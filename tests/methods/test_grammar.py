import pytest

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features import columns
from texturekit.methods.grammar import parse_method
from texturekit.methods.presets import parse_methods, preset


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("lbp+glcm/svm", "glcm+lbp/svm"),
        ("resnet18+texture/xgboost", "texture+resnet18/xgboost"),
        ("glcm(levels=32)/forest", "glcm/forest"),
        ("glcm(levels=64,distances=1-2)/forest", "glcm(distances=1-2,levels=64)/forest"),
        (" glcm + lbp / knn ", "glcm+lbp/knn"),
        ("glcm+glcm/knn", "glcm/knn"),
        ("texture+lbp/knn", "texture/knn"),
        ("lbp(p=24,r=3)+lbp/logistic", "lbp+lbp(p=24,r=3)/logistic"),
    ],
)
def test_the_canonical_form_is_the_identity(text, canonical):
    assert parse_method(text).name == canonical
    assert parse_method(canonical) == parse_method(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("texture_full/vote", "texture/vote"),
        ("texture+glrlm+clbp/vote", "texture/vote"),
        ("texture_full/logistic", "texture_full/logistic"),
        ("squeezenet1_1(flip=true,layers=1-2-3-4,pool=max-mean)/vote", "squeezenet1_1/vote"),
        ("squeezenet1_1(layers=4)/vote", "squeezenet1_1(layers=4)/vote"),
        ("squeezenet1_1(layers=4)/logistic", "squeezenet1_1/logistic"),
        ("texture+mrelbp/vote", "texture+mrelbp/vote"),
    ],
)
def test_a_recipe_has_one_name_for_what_it_reads(text, canonical):
    assert parse_method(text).name == canonical
    assert parse_method(canonical) == parse_method(text)


def test_plain_names_stand_for_more_in_vote_and_fusion_only():
    recipe, plain = parse_method("texture+resnet18/fusion"), parse_method("texture+resnet18/svm")
    last = parse_method("resnet18(layers=4)/vote")

    assert set(recipe.blocks) > set(parse_method("texture_full/svm").blocks)
    assert sum(map(len, recipe.blocks.values())) == len(columns("texture_full")) + 2 * 960
    assert list(plain.blocks)[-1] == "resnet18"
    assert last.blocks == parse_method("resnet18/svm").blocks  # resnet18.0000 to resnet18.0511


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("majority/dummy", "baseline"),
        ("geometry/forest", "baseline"),
        ("metadata/forest", "baseline"),
        ("glcm+lbp/forest", "texture"),
        ("resnet18/logistic", "embedding"),
        ("texture+resnet18/fusion", "hybrid"),
        ("resnet18/finetune", "finetuned"),
    ],
)
def test_the_family_follows_from_the_parts(text, family):
    assert parse_method(text).family == family


@pytest.mark.parametrize(
    ("text", "closest"),
    [
        ("glmc/forest", "glcm"),
        ("resnet81/logistic", "resnet18"),
        ("glcm/forrest", "forest"),
        ("glcm(level=8)/forest", "levels"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(text, closest):
    with pytest.raises(UnknownNameError, match=f"Did you mean '{closest}'"):
        parse_method(text)


@pytest.mark.parametrize(
    "text",
    [
        "glcm",
        "/forest",
        "glcm/",
        "glcm(levels=)/forest",
        "glcm((/forest",
        "glcm/finetune",
        "resnet18+vgg11/finetune",
        "glcm+resnet18/head",
        "glcm/fusion",
        "resnet18/fusion",
        "geometry+glcm/forest",
        "majority/forest",
        "glcm/dummy",
        "texture(levels=3)/forest",
        "resnet18(layers=5)/logistic",
        "resnet18(pool=median)/logistic",
        "resnet18(layers=2)/finetune",
        "glcm+glcm(levels=64)/forest",
        "",
    ],
)
def test_what_does_not_go_together_is_refused(text):
    with pytest.raises(ParameterError):
        parse_method(text)


def test_a_list_keeps_commas_inside_parentheses():
    methods = parse_methods("glcm(levels=64,distances=2)/svm, lbp/svm,lbp/svm")

    assert [m.name for m in methods] == ["glcm(distances=2,levels=64)/svm", "lbp/svm"]


def test_the_measured_defaults_are_in_the_quick_preset():
    wanted = {"texture/vote", "squeezenet1_1/vote", "texture+squeezenet1_1/fusion"}

    assert wanted <= {method.name for method in parse_methods(preset("quick"))}


@pytest.mark.parametrize("name", ["quick", "full"])
def test_every_method_of_a_preset_can_be_read(name):
    assert len(parse_methods(preset(name, ["resnet18"]))) >= 8


def test_an_unknown_preset_is_refused():
    with pytest.raises(UnknownNameError, match="quick, full"):
        preset("fast")
