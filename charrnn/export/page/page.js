// The page around the network: fields in, text out, and what was expected at each character.
"use strict";

const find = (id) => document.getElementById(id);
const page = JSON.parse(find("network").textContent);
const isBytes = Boolean(page.nextState);
const symbols = isBytes ? listBytes() : page.characters.map((code) => String.fromCodePoint(code));
const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
const NAMES = { " ": "space", "\n": "line end", "\t": "tab", "\r": "carriage return" };
const SIGNS = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍" };

const text = find("text");
let written = []; // what the network wrote, character by character: {span, mark}
let prompt = ""; // what it was given
let chosen = -1; // the place of the character that is looked at
let run = null; // what was written last: {length, seed, began, before}
let busy = false;
let stopping = false;
let said = 0; // when the status was renewed

// The worker answers each request once.

const worker = new Worker(
  URL.createObjectURL(new Blob([find("engine").textContent], { type: "text/javascript" })),
);
worker.onmessage = ({ data }) => RECEIVERS[data.kind](data);
worker.onerror = (event) => fail(event.message || "no worker can be started");
worker.postMessage({
  kind: "load",
  page: find("network").textContent,
  kernel: find("kernel").textContent,
  plain: location.hash === "#plain",
});

const RECEIVERS = {
  load({ engine }) {
    document.body.dataset.engine = engine;
    find("about").append(` It runs here in ${engine}.`);
    say("Ready.");
    setBusy(false);
  },
  write: receive,
  more: receive,
  extend: receive,
  error({ message }) {
    fail(message);
  },
};

function receive({ written: marks, read, done }) {
  const ends = done || stopping;
  if (!ends) worker.postMessage({ kind: "more" }); // it works while this draws
  show(marks);
  if (ends) finish(done);
  else if (!written.length && read) sayHow(`Reading: ${count(read)} characters…`);
  else sayHow(`${count(written.length)} of ${count(run.length)} characters…`);
}

// Starting and stopping.

function start() {
  const known = [...find("prompt").value].filter(isKnown);
  const code = known.flatMap(encode);
  if (find("new-seed").checked) find("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  const seed = Number(find("seed").value);
  const length = Number(find("length").value);
  prompt = known.join("");
  clear();
  begin(length, seed, {
    kind: "write",
    prompt: code.length ? code : [ids.get("\n") ?? 0], // as `charrnn sample` begins: a line end
    ...readChoice(),
    length,
    seed,
  });
}

function isKnown(character) {
  return isBytes ? !/^\p{Surrogate}$/u.test(character) : ids.has(character);
}

function encode(character) {
  return isBytes ? [...new TextEncoder().encode(character)] : [ids.get(character)];
}

// What each byte is shown as: its ASCII character or, of a character of several, its number.
function listBytes() {
  const show = (byte) => (byte < 128 ? String.fromCodePoint(byte) : `\\x${byte.toString(16)}`);
  return Array.from({ length: 256 }, (_, byte) => show(byte));
}

function spell({ id, character }) {
  return character ?? symbols[id];
}

function readChoice() {
  return { temperature: Number(find("temperature").value), topK: Number(find("top-k").value) };
}

function extend() {
  if (!find("form").reportValidity()) return;
  const left = run.length - written.length || Number(find("length").value);
  begin(written.length + left, run.seed, { kind: "extend", ...readChoice(), left });
}

function begin(length, seed, request) {
  run = { length, seed, began: performance.now(), before: written.length };
  setBusy(true);
  say("Writing…");
  if (text.getBoundingClientRect().bottom > innerHeight) find("status").scrollIntoView();
  worker.postMessage(request);
}

function stop() {
  stopping = busy;
}

function finish(done) {
  const seconds = (performance.now() - run.began) / 1000;
  const speed = Math.round((written.length - run.before) / seconds);
  setBusy(false);
  const size = `${done ? "" : "Stopped: "}${count(written.length)} characters, seed ${run.seed}`;
  say(`${size}; ${count(speed)} a second.`);
}

function setBusy(value) {
  busy = value;
  stopping = false;
  text.setAttribute("aria-busy", busy);
  find("start").disabled = busy;
  find("stop").disabled = !busy;
  find("extend").disabled = busy || !written.length;
  find("copy").disabled = busy || !written.length;
}

function fail(message) {
  setBusy(false);
  find("start").disabled = find("extend").disabled = true;
  say(`Sorry, this does not work here: ${message}.`);
}

function say(words) {
  find("status").textContent = words;
  said = performance.now();
}

// How far it is, once a second: a screen reader reads all that is said.
function sayHow(words) {
  if (performance.now() - said > 1000) say(words);
}

function count(value) {
  return value.toLocaleString("en");
}

// Drawing: a block for each line, a span for each character.

function clear() {
  text.replaceChildren(makeLine());
  written = [];
  choose(-1);
  for (const character of prompt) addCharacter(character, "prompt");
}

function makeLine() {
  const line = document.createElement("div");
  line.dir = "auto";
  return line;
}

function addCharacter(character, kind) {
  const span = document.createElement("span");
  span.className = character === "\n" ? `${kind} end` : kind;
  span.textContent = character;
  text.lastChild.append(span);
  if (character === "\n") text.append(makeLine());
  return span;
}

function show(marks) {
  const follows = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
  for (const mark of marks) {
    const surprise = -Math.log(mark.probability);
    const level = Math.min(6, Math.round(1.2 * surprise));
    const span = addCharacter(spell(mark), `s${level}`);
    span.place = written.length;
    written.push({ span, mark });
  }
  if (follows) text.scrollTop = text.scrollHeight;
}

// What was expected at one character.

function choose(place) {
  written[chosen]?.span.classList.remove("at");
  chosen = place;
  const found = written[place];
  find("hint").hidden = Boolean(found);
  find("likeliest").hidden = !found;
  find("verdict").textContent = found ? describe(found.mark) : "";
  if (!found) return;
  found.span.classList.add("at");
  find("likeliest").replaceChildren(...found.mark.guesses.map((guess) => makeGuess(guess, found)));
}

function describe(mark) {
  const { id, probability, guesses } = mark;
  const place = guesses.findIndex(([other]) => other === id);
  const rank = place < 0 ? "none of its first five guesses" : `its ${ORDINALS[place]} guess`;
  const surprise = -Math.log(probability);
  const verb = symbols[id] === spell(mark) ? "was" : "began with";
  return `${name(spell(mark))} ${verb} ${rank}: ${percent(probability)}, surprise ${surprise.toFixed(1)} nats`;
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

function makeGuess([id, probability], { mark }) {
  const item = document.createElement("li");
  const character = document.createElement("b");
  character.textContent = SIGNS[symbols[id]] ?? symbols[id];
  item.style.setProperty("--share", `${100 * probability}%`);
  item.classList.toggle("chosen", id === mark.id);
  item.append(character, percent(probability));
  return item;
}

function name(character) {
  return NAMES[character] ? `The ${NAMES[character]}` : `“${character}”`;
}

function percent(probability) {
  if (probability >= 0.1) return `${Math.round(100 * probability)}%`;
  return probability >= 0.0005 ? `${(100 * probability).toFixed(1)}%` : "<0.1%";
}

// By keyboard: one character on or back, a line up or down, to a line's start or end.

const MOVES = {
  ArrowRight: () => chosen + 1,
  ArrowLeft: () => chosen - 1,
  ArrowDown: () => moveByLine("nextElementSibling"),
  ArrowUp: () => moveByLine("previousElementSibling"),
  Home: () => placesOf(written[chosen]?.span.parentElement)[0],
  End: () => placesOf(written[chosen]?.span.parentElement).at(-1),
};

function moveByLine(direction) {
  const span = written[chosen]?.span;
  const column = span ? [...span.parentElement.children].indexOf(span) : 0;
  const line = span ? span.parentElement[direction] : text.firstChild;
  const places = placesOf(line);
  const wanted = line?.children[Math.min(column, line.children.length - 1)]?.place;
  return wanted ?? places[0];
}

function placesOf(line) {
  return [...(line?.children ?? [])].map((span) => span.place).filter((place) => place >= 0);
}

text.addEventListener("keydown", (event) => {
  if (!(event.key in MOVES) || !written.length || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const place = Math.max(0, Math.min(written.length - 1, MOVES[event.key]() ?? Math.max(chosen, 0)));
  choose(place);
  written[place].span.scrollIntoView({ block: "nearest" });
});
text.addEventListener("focus", () => {
  if (chosen < 0 && text.matches(":focus-visible") && written.length) choose(0);
});
for (const kind of ["pointerover", "click"]) {
  text.addEventListener(kind, ({ target }) => {
    if (target.place >= 0) choose(target.place);
  });
}

// Fields and buttons.

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!find("start").disabled) start();
});
find("stop").addEventListener("click", stop);
find("extend").addEventListener("click", extend);
find("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("form").requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});
find("prompt").addEventListener("input", () => {
  const strange = [...new Set(find("prompt").value)].filter((one) => !isKnown(one));
  const list = strange.slice(0, 10).map((one) => NAMES[one] ?? one).join(" ");
  find("prompt-note").textContent = `The network has never seen these, and skips them: ${list}`;
  find("prompt-note").hidden = !strange.length;
});
find("temperature").addEventListener("input", ({ target }) => {
  find("temperature-shown").textContent = Number(target.value);
});
find("tint").addEventListener("change", ({ target }) => {
  text.classList.toggle("untinted", !target.checked);
});
find("copy").addEventListener("click", async () => {
  const whole = prompt + written.map(({ mark }) => spell(mark)).join("");
  try {
    await navigator.clipboard.writeText(whole);
  } catch {
    getSelection().selectAllChildren(text);
    if (!document.execCommand("copy")) {
      say("This browser doesn't let a page copy: the text is selected, so copy it yourself.");
      return;
    }
    getSelection().removeAllRanges();
  }
  say("Copied.");
});
find("settings").open = matchMedia("(min-width: 52rem)").matches;
find("top-k").max = symbols.length;
text.append(makeLine());
