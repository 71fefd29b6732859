"""Units that follow a property of the text."""

import numpy as np
import numpy.typing as npt
import pytest

from charrnn.errors import UsageError
from charrnn.inference.follow import PROPERTIES, find_followers, measure_property

LENGTH = 400


def spell(values: npt.NDArray[np.float64]) -> str:
    return "".join(f"{value:.0f}" for value in values)


@pytest.mark.parametrize(
    ("what", "text", "expected"),
    [
        ("quotes", 'a "bc" d "e', "00111000011"),
        ("quotes", 'a "b\n\n c "d"', "001110000110"),
        ("quotes", 'a "b\nc" d', "001111000"),
        ("quotes", "„a“ “b” «c»", "11001100110"),
        ("quotes", "it's Peter's", "000000000000"),
        ("newlines", "ab\n\ncde", "1200123"),
        ("brackets", "a(b[c]{d})e)f(", "01122122100001"),
        ("indent", "  a b\n\tc\nd", "1222201100"),
        ("indent", " \n  ", "1012"),
        ("capitals", "aBC dÉ5", "0110010"),
        ("b+", "abba bab", "01100101"),
        ("^b.*$", "abb\nbab\nb", "000011101"),
        ("x*", "axxb", "0110"),
    ],
)
def test_properties(what: str, text: str, expected: str) -> None:
    """Each is a number for each character, itself included; other words are expressions."""
    assert spell(measure_property(text, what)) == expected


def plant(units: int = 6, seed: int = 0) -> tuple[str, npt.NDArray[np.float32]]:
    """A text of words and capitals, and random outputs of two layers, (2, LENGTH, units)."""
    random = np.random.default_rng(seed)
    text = "".join(random.choice([*"abcABC"], LENGTH))
    return text, random.normal(0, 0.2, (2, LENGTH, units)).astype(np.float32)


def test_a_unit_that_follows_is_found_first() -> None:
    """The planted units come first, with the correlations that NumPy finds on either half."""
    text, outputs = plant()
    capitals = measure_property(text, "capitals")
    outputs[1, :, 4] -= 0.6 * capitals
    outputs[0, :, 2] += 0.2 * capitals
    first, second, *others = find_followers(text, outputs, "capitals", 12)
    assert (first.unit, second.unit) == ((1, 4), (0, 2))
    assert len({found.unit for found in (first, second, *others)}) == 12
    for found in (first, second, *others):
        output = outputs[found.unit.layer, :, found.unit.number]
        for half, value in (
            (slice(200), found.chosen),
            (slice(200, None), found.confirmed),
        ):
            expected = np.corrcoef(capitals[half], output[half])[0, 1]
            assert value == pytest.approx(expected, abs=1e-5)
    sizes = [abs(found.chosen) for found in (first, second, *others)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(find_followers(text, outputs, "capitals", 3)) == 3


def test_a_saturated_unit_follows_no_more_than_it_does() -> None:
    """One that is 1 but for a float32's last digit, here and there, is measured as NumPy does."""
    text, outputs = plant()
    outputs[1, :, 3] = 1
    outputs[1, ::7, 3] = np.nextafter(np.float32(1), np.float32(0))
    capitals = measure_property(text, "capitals")[:200]
    (found,) = (one for one in find_followers(text, outputs, "capitals", 12) if one.unit == (1, 3))
    expected = np.corrcoef(capitals, outputs[1, :200, 3].astype(float))[0, 1]
    assert found.chosen == pytest.approx(expected, abs=1e-3)


def test_the_second_half_chooses_nothing() -> None:
    """A unit that follows only in the second half stays behind; one only in the first shows it."""
    text, outputs = plant()
    capitals = measure_property(text, "capitals")
    outputs[0, 200:, 1] += 9 * capitals[200:]
    outputs[0, :200, 3] += 9 * capitals[:200]
    (found,) = find_followers(text, outputs, "capitals", 1)
    assert found.unit == (0, 3)
    assert found.chosen > 0.9
    assert abs(found.confirmed) < 0.3


@pytest.mark.parametrize("sign", [1, -1])
def test_values_to_hold_a_unit_at(sign: int) -> None:
    """They lie two deviations beyond the unit's mean with the property, and without it."""
    text, outputs = plant()
    capitals = measure_property(text, "capitals")
    outputs[0, :, 1] = 0.1 * outputs[0, :, 1] + sign * (0.2 * capitals - 0.1)
    (found,) = find_followers(text, outputs, "capitals", 1)
    half, holds = outputs[0, :200, 1], capitals[:200] > 0
    step = sign * 2 * half.std()
    assert found.value == pytest.approx(half[holds].mean() + step, abs=0.006)
    assert found.opposite == pytest.approx(half[~holds].mean() - step, abs=0.006)
    assert found.value * sign > 0 > found.opposite * sign
    outputs[0, :, 1] *= 5
    (found,) = find_followers(text, outputs, "capitals", 1)
    assert (found.value, found.opposite) == (sign, -sign)


def test_a_unit_that_never_changes_follows_nothing() -> None:
    """Its correlation is zero, not NaN."""
    text, outputs = plant()
    outputs[0, :, 1] = 0.5
    found = {one.unit: one for one in find_followers(text, outputs, "capitals", 12)}
    assert (found[0, 1].chosen, found[0, 1].confirmed) == (0, 0)  # type: ignore[index]


def test_what_can_t_be_followed() -> None:
    """No expression, or a property that a half of the text has everywhere or nowhere."""
    text, outputs = plant()
    with pytest.raises(UsageError, match=r"\( is no regular expression .* quotes, newlines"):
        find_followers(text, outputs, "(", 1)
    with pytest.raises(UsageError, match=r"x is nowhere in these 400 characters$"):
        find_followers(text, outputs, "x", 1)
    for what in ("a?.", "^."):
        with pytest.raises(UsageError, match="the same all over one half"):
            find_followers(text, outputs, what, 1)


def test_every_property_is_tested() -> None:
    """The table above has each of them."""
    assert {*PROPERTIES} == {"quotes", "newlines", "brackets", "indent", "capitals"}
