"""Whether the text on a page can be read: its contrast with what lies under it (WCAG 2)."""

import numpy as np

from tests.support.browser import Tab

LEAST = 4.5  # to 1, for text of any size (WCAG 1.4.3)


def assert_readable(tab: Tab, scheme: str) -> None:
    """Fail unless all visible text has enough contrast, and the page is as light as the scheme."""
    pairs = tab.read(COLOURS)
    assert len({tuple(map(tuple, pair)) for pair in pairs}) > 8
    assert min(map(measure_contrast, pairs)) >= LEAST
    lightness = measure_luminance(blend([0, 0, 0], pairs[0][1:]))
    assert (lightness > 0.5) == (scheme == "light")


COLOURS = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const toNumbers = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pairs = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.matches("button:disabled")) continue;
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      layers.unshift(toNumbers(getComputedStyle(one).backgroundColor));
    }
    pairs.push([toNumbers(getComputedStyle(element).color), ...layers]);
  }
  return pairs;
}"""
"""For each visible text its colour, and the backgrounds under it from the bottom up: RGB, alpha."""


def blend(under: list[float], layers: list[list[float]]) -> list[float]:
    for *colour, alpha in layers:
        under = [alpha * c + (1 - alpha) * u for c, u in zip(colour, under, strict=True)]
    return under


def measure_luminance(colour: list[float]) -> float:
    """Relative luminance (WCAG 2)."""
    scaled = [value / 255 for value in colour]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in scaled]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def measure_contrast(pair: list[list[float]]) -> float:
    text, *layers = pair
    background = blend([255, 255, 255], layers)
    found = sorted([measure_luminance(blend(background, [text])), measure_luminance(background)])
    return (found[1] + 0.05) / (found[0] + 0.05)
