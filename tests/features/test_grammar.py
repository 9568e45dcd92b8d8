import pytest
from hypothesis import given
from hypothesis import strategies as st

from texturekit.errors import ParameterError
from texturekit.features.grammar import Part, parse_parts

names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name not in ("true", "false", "nan", "inf", "infinity")
)
scalars = (
    st.integers(0, 999) | st.booleans() | names | st.floats(0.01, 900).map(lambda x: round(x, 3))
)
values = scalars | st.lists(scalars, min_size=2, max_size=3).map(tuple)
parts = st.builds(
    lambda name, parameters: Part(name, tuple(sorted(parameters.items()))),
    names,
    st.dictionaries(names, values, max_size=3),
)


@given(st.lists(parts, min_size=1, max_size=4))
def test_what_is_written_can_be_read_again(written):
    assert parse_parts("+".join(map(str, written))) == tuple(written)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ("0.5", 0.5),
        ("1e-9", 1e-9),
        ("true", True),
        ("false", False),
        ("riu2", "riu2"),
        ("1-2-3", (1, 2, 3)),
        ("L2-Hys", ("L2", "Hys")),
    ],
)
def test_reads_a_value(text, value):
    (part,) = parse_parts(f"glcm(key={text})")

    assert dict(part.parameters) == {"key": value}
    assert type(dict(part.parameters)["key"]) is type(value)


def test_spaces_and_the_order_of_keys_make_no_difference():
    assert parse_parts("glcm( levels=64 ,distances=1-2 ) + lbp") == parse_parts(
        "glcm(distances=1-2,levels=64)+lbp"
    )


def test_keeps_the_order_of_the_parts():
    assert [part.name for part in parse_parts("lbp+glcm+hog")] == ["lbp", "glcm", "hog"]


def test_reads_names_with_hyphens():
    assert parse_parts("densenet121-res224-mimic_nb") == (Part("densenet121-res224-mimic_nb"),)


def test_a_list_with_commas_is_told_how_to_write_one():
    with pytest.raises(ParameterError, match=r"'4' in .* join the values of a list by '-'"):
        parse_parts("resnet18(layers=2,4)")


@pytest.mark.parametrize(
    "text",
    ["", "+", "glcm+", "+lbp", "glcm(", "glcm)", "glcm()", "2glcm", "glcm(levels)", "glcm(=3)",
     "glcm(levels=)", "glcm(a=1,)", "glcm(levels=1)x", "glcm(a=(1))", "glcm lbp", "glcm/svm"],
)  # fmt: skip
def test_says_what_cannot_be_read(text):
    with pytest.raises(ParameterError, match=r"cannot read .* in .*; write"):
        parse_parts(text)


def test_refuses_a_parameter_given_twice():
    with pytest.raises(ParameterError, match="'levels' stands twice in 'glcm"):
        parse_parts("glcm(levels=8,levels=16)")


@pytest.mark.parametrize(
    ("text", "value"), [("-1000", -1000), ("-1.5", -1.5), ("1--5", (1, -5)), ("-1e-3", -0.001)]
)
def test_numbers_may_be_negative(text, value):
    (part,) = parse_parts(f"glcm(lower={text})")

    assert dict(part.parameters) == {"lower": value}
    assert parse_parts(str(part)) == (part,)
