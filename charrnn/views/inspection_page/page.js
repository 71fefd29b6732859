// What the network thought at each character: guesses on demand, and any unit's outputs as colours.
"use strict";

const find = (id) => document.getElementById(id);
const reading = JSON.parse(find("reading").textContent);
const NAMES = { " ": "The space", "\n": "The line end", "\t": "The tab", "\r": "The carriage return" };
const SIGNS = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍" };
const ORDINALS = ["first", "second", "third", "fourth", "fifth"];
const LEVELS = 6;

const text = find("text");
const spans = [...text.querySelectorAll("span")];
const classes = spans.map((span) => span.className); // by surprise, as the page came
const places = new Map(spans.map((span, place) => [span, place]));
const layers = reading.layers.map(decode);
let chosen = -1; // the place of the character that is looked at
let outputs = null; // of the unit that is shown, at each character: from -127 to 127

function decode(base64) {
  return Int8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
}

// Colours.

function paint() {
  const byUnit = find("by-unit").checked;
  find("units").hidden = find("unit-legend").hidden = !byUnit;
  find("surprise-legend").hidden = byUnit;
  if (byUnit && !find("form").checkValidity()) return; // a number is being typed
  outputs = byUnit ? readUnit(Number(find("layer").value), Number(find("unit").value)) : null;
  if (outputs) paintUnit();
  else spans.forEach((span, place) => { span.className = classes[place]; });
  choose(chosen);
}

function readUnit(layer, unit) {
  const length = spans.length;
  return layers[layer].subarray(unit * length, (unit + 1) * length);
}

function paintUnit() {
  const most = Math.max(...outputs.map(Math.abs)) || 1;
  spans.forEach((span, place) => {
    const level = Math.round((LEVELS * Math.abs(outputs[place])) / most);
    const end = classes[place].includes("end") ? " end" : "";
    span.className = `${outputs[place] < 0 ? "c" : "s"}${level}${end}`;
  });
  find("lowest").textContent = showOutput(-most);
  find("highest").textContent = showOutput(most);
}

function showOutput(byte) {
  return (byte / 127).toFixed(2).replace("-", "−");
}

function move(by) {
  const count = reading.units;
  find("unit").value = (Number(find("unit").value) + by + count) % count;
  paint();
}

// What was expected at one character.

function choose(place) {
  spans[chosen]?.classList.remove("at");
  chosen = place;
  const span = spans[place];
  find("hint").hidden = Boolean(span);
  find("verdict").textContent = span ? describe(place) : "";
  const guesses = reading.guesses[place] ?? [];
  find("likeliest").hidden = !guesses.length;
  find("likeliest").replaceChildren(...guesses.map((guess) => makeGuess(guess, place)));
  span?.classList.add("at");
}

function describe(place) {
  const unit = outputs ? `; the unit: ${showOutput(outputs[place])}` : "";
  const character = String.fromCodePoint(reading.characters[place]);
  const named = NAMES[character] ?? `“${character}”`;
  const surprise = reading.surprise[place];
  if (surprise === null) return `${named} comes first: nothing was expected yet${unit}`;
  const rank = reading.guesses[place].findIndex(([code]) => code === reading.firsts[place]);
  const verb = reading.firsts[place] < 0 ? "began with" : "was"; // a byte of several was guessed
  const guess = rank < 0 ? "none of its first five guesses" : `its ${ORDINALS[rank]} guess`;
  return `${named} ${verb} ${guess}: ${percent(Math.exp(-surprise))}, surprise ${surprise.toFixed(1)} nats${unit}`;
}

function makeGuess([code, probability], place) {
  const item = document.createElement("li");
  const shown = document.createElement("b");
  const character = code < 0 ? `\\x${(-code).toString(16)}` : String.fromCodePoint(code);
  shown.textContent = SIGNS[character] ?? character;
  item.style.setProperty("--share", `${100 * probability}%`);
  item.classList.toggle("came", code === reading.firsts[place]);
  item.append(shown, percent(probability));
  return item;
}

function percent(probability) {
  const share = 100 * probability;
  return share > 0 && share < 0.1 ? "under 0.1%" : `${share.toFixed(share < 10 ? 1 : 0)}%`;
}

// By pointer and by keyboard.

function look(event) {
  const place = places.get(event.target);
  if (place !== undefined) choose(place);
}

const KEYS = {
  ArrowLeft: () => chosen - 1,
  ArrowRight: () => chosen + 1,
  ArrowUp: () => step(-1),
  ArrowDown: () => step(1),
  Home: () => places.get(lineOf(chosen).firstChild),
  End: () => places.get(lineOf(chosen).lastChild),
};

function lineOf(place) {
  return spans[place].parentElement;
}

function step(by) {
  const line = lineOf(chosen);
  const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return chosen;
  const column = [...line.children].indexOf(spans[chosen]);
  return places.get(other.children[Math.min(column, other.children.length - 1)]);
}

text.addEventListener("pointerover", look);
text.addEventListener("click", look);
text.addEventListener("focus", () => { if (chosen < 0) choose(0); });
text.addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  choose(Math.min(Math.max(KEYS[event.key](), 0), spans.length - 1));
  spans[chosen].scrollIntoView({ block: "nearest" });
});
find("places").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  choose(Number(link.dataset.place));
  text.focus({ preventScroll: true });
  spans[chosen].scrollIntoView({ block: "center" });
});
find("form").addEventListener("input", paint);
find("form").addEventListener("submit", (event) => event.preventDefault());
find("previous").addEventListener("click", () => move(-1));
find("next").addEventListener("click", () => move(1));

find("layer").max = layers.length - 1;
find("unit").max = reading.units - 1;
find("layers").hidden = layers.length < 2;
find("layer").value = reading.unit?.[0] ?? layers.length - 1;
find("unit").value = reading.unit?.[1] ?? 0;
find("by-unit").checked = Boolean(reading.unit);
find("form").hidden = find("guesses").hidden = false;
paint();
