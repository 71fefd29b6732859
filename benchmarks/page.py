"""How fast an exported page writes, in a headless Chromium, with both of its engines.

`python benchmarks/page.py PAGE.html` measures whole texts, drawn on the page as they are made, and
what the parts of one character take in the worker.
"""

import argparse
import re
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

NAMES = {"": "WebAssembly", "#plain": "JavaScript"}

PARTS = """async (plain) => {
  const read = (id) => document.getElementById(id).textContent;
  const code = read("engine") + `
    const answer = onmessage;
    onmessage = ({ data }) => {
      if (data.kind === "measure") postMessage(timeParts());
      else answer({ data });
    };
    function timeParts() {
      const [{ kernel, recurrent, bias, h, c }] = network.layers;
      const { units, x, u, input, logits } = network;
      const generator = new Generator(0);
      for (let id = 0; id < 100; id++) network.step(id % logits.length);
      return {
        "a step": time(() => network.step(0)),
        "input product": time(() => kernel.multiply(input, x)),
        "recurrent product": time(() => recurrent.multiply(h, u)),
        "gates": time(() => network.cell(units, x, u, bias, h, c)),
        "dense product": time(() => network.dense.multiply(h, network.padded)),
        "choosing": time(() => choose(logits, generator.draw(), 0.8, 0)),
        "guesses": time(() => assess(logits, 0)),
      };
    }
    function time(act) {
      const times = [];
      for (let round = 0; round < 40; round++) {
        const began = performance.now();
        for (let i = 0; i < 20; i++) act();
        times.push((performance.now() - began) / 20);
      }
      return Math.min(...times.slice(20));
    }`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  const ask = (request) => new Promise((done) => {
    worker.onmessage = ({ data }) => done(data);
    worker.postMessage(request);
  });
  await ask({ kind: "load", page: read("network"), kernel: read("kernel"), plain });
  return ask({ kind: "measure" });
}"""


def main() -> None:
    """Measure, and print a table for each engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--length", type=int, default=5000, help="characters of a text")
    parser.add_argument("--rounds", type=int, default=5, help="texts by each engine")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    asked = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        print(f"Chromium {browser.version}, {asked.page.stat().st_size:,} bytes")
        for after, name in NAMES.items():
            page = browser.new_page()
            page.goto(asked.page.resolve().as_uri() + after)
            page.wait_for_selector("#start:enabled")
            speeds = [write(page, asked.length) for _ in range(asked.rounds)]
            spread = f"{min(speeds):,} to {max(speeds):,}"
            print(f"{name}: {statistics.median(speeds):,.0f} characters a second ({spread})")
            parts: dict[str, Any] = page.evaluate(PARTS, after == "#plain")
            print("; ".join(f"{part} {ms:.3f} ms" for part, ms in parts.items()))
            page.close()
        browser.close()


def write(page: Page, length: int) -> int:
    """Have a page write a text; its characters a second."""
    page.locator("#length").fill(str(length))
    page.locator("#start").click()
    page.wait_for_selector("#start:enabled", timeout=600_000)
    (speed,) = re.findall(r"([\d,]+) a second", page.locator("#status").inner_text())
    return int(speed.replace(",", ""))


if __name__ == "__main__":
    main()
