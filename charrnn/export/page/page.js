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
let pinned = false; // whether that stays when the pointer moves
let run = null; // what was written last: {toRead, length, seed, began, before}
let busy = false;
let stopping = false;
let following = true; // whether the text scrolls on as it grows
let scrolledTo = 0;

// The worker answers each request once.

let worker = null;

function startWorker() {
  const code = new Blob([find("engine").textContent], { type: "text/javascript" });
  worker = new Worker(URL.createObjectURL(code));
  worker.onmessage = ({ data }) => RECEIVERS[data.kind](data);
  worker.onerror = (event) => fail(event.message || "no worker can be started");
  worker.postMessage({
    kind: "load",
    page: find("network").textContent,
    kernel: find("kernel").textContent,
    plain: location.hash === "#plain",
  });
}

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
  else sayHow(read);
}

// Starting and stopping.

function start() {
  const known = [...find("prompt").value].filter(isKnown);
  const code = known.flatMap(encode);
  if (!code.length) code.push(ids.get("\n") ?? 0); // as `charrnn sample` begins: a line end
  if (find("new-seed").checked) find("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
  const seed = Number(find("seed").value);
  const length = Number(find("length").value);
  prompt = known.join("");
  clear();
  run = { toRead: code.length, seed };
  begin(length, { kind: "write", prompt: code, ...readChoice(), length, seed });
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

// The whole character that a mark stands for, which may have several bytes.
function readMark({ id, character }) {
  return character ?? symbols[id];
}

function readChoice() {
  return { temperature: Number(find("temperature").value), topK: Number(find("top-k").value) };
}

function extend() {
  if (!["length", "top-k"].every((field) => find(field).reportValidity())) return;
  const left = Number(find("length").value);
  begin(written.length + left, { kind: "extend", ...readChoice(), left });
}

function begin(length, request) {
  Object.assign(run, { length, began: performance.now(), before: written.length });
  setBusy(true);
  sayHow(run.toRead);
  following = true;
  follow();
  const { top, bottom } = text.getBoundingClientRect();
  const seen = find("bar").getBoundingClientRect().bottom; // which stays, and covers what is above
  if (top < seen || bottom > innerHeight) text.parentElement.scrollIntoView();
  worker.postMessage(request);
}

function stop() {
  stopping = busy;
}

function finish(done) {
  const seconds = (performance.now() - run.began) / 1000;
  const fresh = written.length - run.before;
  setBusy(false);
  const size = `${done ? "" : "Stopped: "}${count(written.length)} characters, seed ${run.seed}`;
  const speed = fresh ? `; ${count(Math.round(fresh / seconds))} a second` : "";
  say(written.length ? `${size}${speed}.` : "Stopped before it wrote anything.");
}

function setBusy(value) {
  busy = value;
  stopping = false;
  text.setAttribute("aria-busy", busy);
  find("start").disabled = busy;
  find("stop").disabled = !busy;
  find("extend").disabled = busy || !written.length;
  if (!document.activeElement?.disabled) return;
  find(busy ? "stop" : run.before ? "extend" : "start").focus({ preventScroll: true });
}

function fail(message) {
  setBusy(false);
  find("start").disabled = find("extend").disabled = true;
  say(`Sorry, this does not work here: ${message}.`);
}

// What a screen reader speaks: what happens, and not how far it is.
function say(words, progress = "") {
  if (find("status").textContent !== words) find("status").textContent = words;
  find("progress").textContent = progress;
}

function sayHow(read) {
  const reads = read < run.toRead;
  const [now, all] = reads ? [read, run.toRead] : [written.length, run.length];
  say(reads ? "Reading:" : "Writing:", `${count(now)} of ${count(all)} ${reads && isBytes ? "bytes" : "characters"}`);
}

function count(value) {
  return value.toLocaleString("en");
}

// Drawing: a block for each line, a span for each character.

function clear() {
  text.replaceChildren(makeLine());
  written = [];
  release();
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
  if (!marks.length) run.began = performance.now(); // it still reads
  for (const mark of marks) {
    const surprise = -Math.log(mark.probability);
    const level = Math.min(6, Math.round(1.2 * surprise));
    const span = addCharacter(readMark(mark), `s${level}`);
    span.place = written.length;
    written.push({ span, mark });
  }
  find("copy").disabled = false;
  follow();
}

function follow() {
  if (following) text.scrollTop = text.scrollHeight;
  scrolledTo = text.scrollTop;
}

// It follows until the reader scrolls back: a box that becomes smaller scrolls too.
text.addEventListener("scroll", () => {
  const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
  if (atEnd || text.scrollTop < scrolledTo) following = atEnd;
  scrolledTo = text.scrollTop;
});
new ResizeObserver(() => busy && follow()).observe(text);

// What was expected at one character.

function choose(place, words = place < 0 ? "" : describe(written[place].mark)) {
  written[chosen]?.span.classList.remove("at");
  chosen = place;
  const found = written[place];
  found?.span.classList.add("at");
  find("hint").hidden = Boolean(words);
  find("verdict").textContent = words;
  find("likeliest").hidden = !found;
  find("likeliest").replaceChildren(...(found?.mark.guesses ?? []).map((guess) => makeGuess(guess, found)));
}

// To choose for good, which is spoken too; what lies under the pointer is only shown.
function pin(place, words) {
  choose(place, words);
  pinned = true;
  const guesses = written[place]?.mark.guesses ?? [];
  const list = guesses.map(([id, probability]) => `${name(symbols[id])} ${percent(probability)}`).join(", ");
  find("spoken").textContent = `${find("verdict").textContent}. ${list && `Guesses: ${list}.`}`;
  find("guesses").scrollIntoView({ block: "nearest" });
}

function release() {
  choose(-1);
  pinned = false;
  find("spoken").textContent = "";
}

function describe(mark) {
  const { id, probability, guesses } = mark;
  const place = guesses.findIndex(([other]) => other === id);
  const rank = place < 0 ? "none of its first five guesses" : `its ${ORDINALS[place]} guess`;
  const surprise = -Math.log(probability);
  const wrote = readMark(mark);
  const whole = symbols[id] === wrote ? "" : "whose first byte was ";
  return `It wrote ${name(wrote)}, ${whole}${rank}: ${percent(probability)}, surprise ${surprise.toFixed(1)} nats`;
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth"];

function makeGuess([id, probability], { mark }) {
  const item = document.createElement("li");
  const character = document.createElement("b");
  character.textContent = SIGNS[symbols[id]] ?? spell(symbols[id]);
  item.style.setProperty("--share", `${100 * probability}%`);
  item.classList.toggle("chosen", id === mark.id);
  item.append(character, percent(probability));
  return item;
}

function name(character) {
  const spelt = spell(character);
  if (spelt === character) return `“${spelt}”`;
  return NAMES[character] ? `the ${spelt}` : spelt;
}

// A character, or the name or number of one that can't be seen by itself.
function spell(character) {
  if (NAMES[character]) return NAMES[character];
  if (!/[\p{C}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(character)) return character;
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function percent(probability) {
  if (probability >= 0.1) return `${Math.round(100 * probability)}%`;
  return probability >= 0.0005 ? `${(100 * probability).toFixed(1)}%` : "<0.1%";
}

// By keyboard: one character on or back, a line up or down, to a line's start or end.

const MOVES = {
  Enter: () => chosen,
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
  pin(place);
  written[place].span.scrollIntoView({ block: "nearest" });
});
text.addEventListener("focus", () => {
  if (chosen < 0 && text.matches(":focus-visible") && written.length) pin(0);
});
text.addEventListener("pointerover", ({ target }) => {
  if (!pinned && target.place >= 0) choose(target.place);
});
text.addEventListener("click", ({ target }) => {
  if (target.place >= 0) pin(target.place);
  else if (target.className.startsWith("prompt")) pin(-1, "This is yours: the network only read it");
  else release();
});

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
  if (event.key !== "Escape") return;
  if (busy) stop();
  else release();
});
find("form").addEventListener("invalid", () => { find("settings").open = true; }, true);

// What follows from the fields.
function reflect() {
  find("temperature-shown").textContent = Number(find("temperature").value);
  find("seed").disabled = find("new-seed").checked;
  text.classList.toggle("untinted", !find("tint").checked);
  noteSkipped([...find("prompt").value]);
}
document.addEventListener("input", reflect);
addEventListener("pageshow", reflect);

// The fields outlive a reload, if the browser lets the page remember them.

const fields = [...document.querySelectorAll("textarea, input")];
const slotOf = (field) => (field.type === "checkbox" ? "checked" : "value");

function remember() {
  const kept = Object.fromEntries(fields.map((field) => [field.id, field[slotOf(field)]]));
  try {
    sessionStorage.setItem(location.pathname, JSON.stringify(kept));
  } catch {
    // then it forgets them
  }
}
addEventListener("pagehide", remember);

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(location.pathname)) ?? {};
    for (const field of fields) field[slotOf(field)] = kept[field.id] ?? field[slotOf(field)];
  } catch {
    // nothing was kept
  }
}

function noteSkipped(given) {
  const strange = [...new Set(given)].filter((one) => !isKnown(one));
  const note = document.createElement("p");
  if (strange.length) note.append("The network has never seen these, and skips them:");
  for (const one of strange.slice(0, 10)) {
    const isolated = document.createElement("bdi");
    isolated.textContent = spell(one);
    note.append(" ", isolated);
  }
  if (strange.length > 10) note.append(` and ${count(strange.length - 10)} more`);
  if (strange.length && given.every((one) => strange.includes(one))) {
    note.append(". Nothing is left of the beginning, so it begins by itself.");
  }
  const shown = find("prompt-note"); // left alone if it is the same, lest it be spoken again
  if (shown.textContent !== note.textContent) shown.replaceChildren(...note.childNodes);
}

find("copy").addEventListener("click", async () => {
  const whole = prompt + written.map(({ mark }) => readMark(mark)).join("");
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
  find("copy").textContent = find("spoken").textContent = "Copied";
  setTimeout(() => { find("copy").textContent = "Copy"; }, 1500);
});
find("settings").open = matchMedia("(min-width: 52rem)").matches;
find("top-k").max = find("most").textContent = symbols.length;
text.append(makeLine());
recall();
say("Loading the network…");
try {
  startWorker();
} catch (error) {
  fail(error.message);
}
