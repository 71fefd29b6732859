// The network, in a worker: it reads a prompt, writes on, and says what it expected.
//
// Letters for shapes: E embedding, H units, V vocabulary.
"use strict";

const LANES = 16; // columns of a panel
const SLICE = 30; // milliseconds of work between two messages
const GUESSES = 5;
const round = Math.fround;

// Bytes and numbers in one stretch of memory, which the kernel can reach.
class Heap {
  constructor(size, makeKernel) {
    const pages = Math.ceil(size / 65536) + 1;
    const memory = makeKernel ? new WebAssembly.Memory({ initial: pages }) : null;
    this.buffer = memory ? memory.buffer : new ArrayBuffer(pages * 65536);
    this.kernel = memory ? makeKernel(memory) : null;
    this.end = 0;
  }

  take(Type, count) {
    const view = new Type(this.buffer, this.end, count);
    this.end += roundUp(view.byteLength, LANES);
    return view;
  }

  floats(count) {
    return this.take(Float32Array, roundUp(count, LANES));
  }
}

// An int8 matrix with a scale for each column, laid out in panels: 16 bytes of the first row, 16 of
// the second, and so on, for each 16 columns.
class Matrix {
  constructor(heap, { rows, columns, values, scales }) {
    const bytes = decode(Int8Array, values);
    this.rows = rows;
    this.panels = Math.ceil(columns / LANES);
    this.values = heap.take(Int8Array, this.panels * LANES * rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const panel = Math.floor(column / LANES);
        this.values[(panel * rows + row) * LANES + (column % LANES)] = bytes[row * columns + column];
      }
    }
    this.scales = heap.floats(columns);
    this.scales.set(decode(Float32Array, scales));
    this.kernel = heap.kernel;
  }

  // The product of a vector and the matrix.
  multiply(vector, product) {
    if (this.kernel) {
      this.kernel.multiply(
        this.values.byteOffset, this.scales.byteOffset, vector.byteOffset, this.rows,
        product.byteOffset, this.panels,
      );
    } else {
      this.multiplyPlainly(vector, product);
    }
  }

  // What the kernel does, bit by bit, for a browser that lacks it: kernel.wat.
  multiplyPlainly(vector, product) {
    const { rows, values, scales } = this;
    for (let column = 0; column < scales.length; column += 4) {
      const lane = column % LANES;
      let at = (column - lane) * rows + lane;
      let a = 0, b = 0, c = 0, d = 0;
      for (let row = 0; row < rows; row++, at += LANES) {
        const factor = vector[row];
        a = round(a + round(factor * values[at]));
        b = round(b + round(factor * values[at + 1]));
        c = round(c + round(factor * values[at + 2]));
        d = round(d + round(factor * values[at + 3]));
      }
      product[column] = a * scales[column];
      product[column + 1] = b * scales[column + 1];
      product[column + 2] = c * scales[column + 2];
      product[column + 3] = d * scales[column + 3];
    }
  }
}

function sigmoid(z) {
  return 1 / (1 + Math.exp(-z));
}

// Each cell turns x W and h U, and its bias, into its next output h. Gates are in Keras's order.
const CELLS = {
  // h = tanh(x W + h U + b)
  rnn(units, x, u, bias, h) {
    for (let j = 0; j < units; j++) h[j] = Math.tanh(x[j] + u[j] + bias[j]);
  },

  // Gates i, f, g, o: c = f c + i g, h = o tanh(c)
  lstm(units, x, u, bias, h, c) {
    for (let i = 0; i < units; i++) {
      const f = i + units, g = f + units, o = g + units;
      const kept = sigmoid(x[f] + u[f] + bias[f]) * c[i];
      c[i] = kept + sigmoid(x[i] + u[i] + bias[i]) * Math.tanh(x[g] + u[g] + bias[g]);
      h[i] = sigmoid(x[o] + u[o] + bias[o]) * Math.tanh(c[i]);
    }
  },

  // Gates z, r, n; the bias has a row for x W and one for h U: h = z h + (1 - z) n
  gru(units, x, u, bias, h) {
    const other = 3 * units;
    for (let i = 0; i < units; i++) {
      const r = i + units, n = r + units;
      const update = sigmoid(x[i] + bias[i] + u[i] + bias[other + i]);
      const reset = sigmoid(x[r] + bias[r] + u[r] + bias[other + r]);
      const fresh = Math.tanh(x[n] + bias[n] + reset * (u[n] + bias[other + n]));
      h[i] = update * h[i] + (1 - update) * fresh;
    }
  },
};

// The whole network: an id in, the next character's logits out, its state kept.
class Network {
  constructor(page, makeKernel) {
    const { embedding, layers, dense } = page;
    const gates = layers[0].recurrent.columns;
    this.heap = new Heap(measure(page), makeKernel);
    this.cell = CELLS[page.cell];
    this.units = dense.kernel.rows;
    this.embedding = decode(Int8Array, embedding.values);
    this.embeddingScales = decode(Float32Array, embedding.scales);
    this.layers = layers.map(({ kernel, recurrent, bias }) => ({
      kernel: new Matrix(this.heap, kernel),
      recurrent: new Matrix(this.heap, recurrent),
      bias: decode(Float32Array, bias),
      h: this.heap.floats(this.units),
      c: this.heap.floats(this.units),
    }));
    this.dense = new Matrix(this.heap, dense.kernel);
    this.bias = decode(Float32Array, dense.bias);
    this.input = this.heap.floats(embedding.columns);
    this.x = this.heap.floats(gates);
    this.u = this.heap.floats(gates);
    this.padded = this.heap.floats(this.bias.length);
    this.logits = this.padded.subarray(0, this.bias.length);
  }

  reset() {
    for (const { h, c } of this.layers) {
      h.fill(0);
      c.fill(0);
    }
  }

  step(id) {
    const width = this.embeddingScales.length;
    for (let i = 0; i < width; i++) {
      this.input[i] = this.embedding[id * width + i] * this.embeddingScales[i];
    }
    let signal = this.input;
    for (const { kernel, recurrent, bias, h, c } of this.layers) {
      kernel.multiply(signal, this.x);
      recurrent.multiply(h, this.u);
      this.cell(this.units, this.x, this.u, bias, h, c);
      signal = h;
    }
    this.dense.multiply(signal, this.padded);
    for (let i = 0; i < this.bias.length; i++) this.logits[i] += this.bias[i];
    return this.logits;
  }
}

// An upper bound of the bytes on the heap.
function measure({ embedding, layers, dense }) {
  const matrices = [dense.kernel, ...layers.flatMap(({ kernel, recurrent }) => [kernel, recurrent])];
  const bytes = ({ rows, columns }) => (rows + 4) * roundUp(columns, LANES);
  const state = 8 * roundUp(dense.kernel.rows, LANES) * layers.length;
  const work = embedding.columns + 2 * layers[0].recurrent.columns + dense.kernel.columns;
  const room = 4 * (work + 4 * LANES) + LANES * (4 * matrices.length + 2 * layers.length + 4);
  return matrices.reduce((sum, matrix) => sum + bytes(matrix), state + room);
}

function roundUp(count, step) {
  return Math.ceil(count / step) * step;
}

function decode(Type, base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return new Type(bytes.buffer);
}

// NumPy's default_rng([seed, 0]).random(): PCG64 (XSL-RR), seeded by a SeedSequence. The text
// number 0 of that seed is drawn by it: charrnn/inference/generate.py.
class Generator {
  constructor(seed) {
    const [high, low, incrementHigh, incrementLow] = mixSeed([seed, 0]);
    this.increment = BigInt.asUintN(128, (((incrementHigh << 64n) | incrementLow) << 1n) | 1n);
    this.state = 0n;
    this.advance();
    this.state = BigInt.asUintN(128, this.state + ((high << 64n) | low));
    this.advance();
  }

  advance() {
    const factor = 0x2360ed051fc65da44385df649fccf645n;
    this.state = BigInt.asUintN(128, this.state * factor + this.increment);
  }

  // A number in [0, 1), of 53 bits.
  draw() {
    this.advance();
    const mixed = (this.state >> 64n) ^ BigInt.asUintN(64, this.state);
    const turn = this.state >> 122n;
    const turned = BigInt.asUintN(64, (mixed >> turn) | (mixed << (64n - turn)));
    return Number(turned >> 11n) * 2 ** -53;
  }
}

// NumPy's SeedSequence: up to four 32-bit numbers to four of 64 bits.
function mixSeed(entropy) {
  const hash = (start, factor) => (value) => {
    value = Math.imul(value ^ start, (start = Math.imul(start, factor)));
    return value ^ (value >>> 16);
  };
  const enter = hash(0x43b0d7e5, 0x931e8875);
  const pool = [0, 1, 2, 3].map((place) => enter(entropy[place] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue;
      const mixed = Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, enter(pool[from]));
      pool[to] = mixed ^ (mixed >>> 16);
    }
  }
  const leave = hash(0x8b51f9dd, 0x58f38ded);
  const words = Array.from({ length: 8 }, (_, place) => BigInt(leave(pool[place % 4]) >>> 0));
  return [0, 2, 4, 6].map((place) => words[place] | (words[place + 1] << 32n));
}

// The id that a draw in [0, 1) picks, as charrnn/inference/choose.py has it.
function choose(logits, draw, temperature, topK) {
  const best = logits.reduce((largest, logit) => Math.max(largest, logit), -Infinity);
  if (temperature === 0) return logits.indexOf(best);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - best) / temperature));
  if (topK && topK < logits.length) discardUnlikely(weights, logits, topK);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let reached = 0;
  const cumulative = weights.map((weight) => (reached += weight / sum));
  const passed = cumulative.findIndex((value) => value > draw * reached);
  return passed < 0 ? logits.length - 1 : passed;
}

// Zeroes all but the K likeliest; of equal logits the one with the lower id is kept.
function discardUnlikely(weights, logits, topK) {
  const cutoff = logits.slice().sort()[logits.length - topK];
  let equals = topK - logits.reduce((count, logit) => count + (logit > cutoff), 0);
  logits.forEach((logit, id) => {
    if (logit < cutoff || (logit === cutoff && equals-- <= 0)) weights[id] = 0;
  });
}

// How probable the network found the id (at temperature 1), and its likeliest ids.
function assess(logits, id) {
  const likeliest = [];
  for (let other = 0; other < logits.length; other++) {
    let place = likeliest.length;
    while (place && logits[other] > logits[likeliest[place - 1]]) place--;
    if (place < GUESSES) {
      likeliest.splice(place, 0, other);
      likeliest.length = Math.min(likeliest.length, GUESSES);
    }
  }
  const best = logits[likeliest[0]];
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - best), 0);
  const probability = (other) => Math.exp(logits[other] - best) / sum;
  return {
    id,
    probability: probability(id),
    guesses: likeliest.map((other) => [other, probability(other)]),
  };
}

// Which bytes may come next, so that only whole characters are written: charrnn/data/utf8.py.
class Utf8 {
  constructor(nextState) {
    this.nextState = decode(Int8Array, nextState);
    this.state = 0;
  }

  ruleOut(logits) {
    return logits.map((logit, byte) => (this.nextState[256 * this.state + byte] < 0 ? -Infinity : logit));
  }

  // Whether the byte ends a character.
  follow(byte) {
    this.state = this.nextState[256 * this.state + byte];
    return this.state === 0;
  }
}

// Writes one text, in slices of time.
class Writer {
  constructor(network, nextState, { prompt, temperature, topK, length, seed }) {
    Object.assign(this, { network, prompt, temperature, topK, left: length });
    this.generator = new Generator(seed);
    this.utf8 = nextState ? new Utf8(nextState) : null;
    this.read = 0;
    network.reset();
  }

  // Works for a while; what was written, and whether that is all.
  advance() {
    const end = performance.now() + SLICE;
    const written = [];
    while (!this.done && performance.now() < end) {
      if (this.read < this.prompt.length) {
        this.logits = this.network.step(this.prompt[this.read++]);
      } else {
        written.push(this.write());
      }
    }
    return { written, read: this.read, done: this.done };
  }

  get done() {
    return this.read === this.prompt.length && this.left === 0;
  }

  // The mark of the next character.
  write() {
    const mark = this.utf8 ? this.writeBytes() : this.writeId();
    this.left--;
    return mark;
  }

  writeId() {
    if (!this.logits.every(Number.isFinite)) throw new Error("the network produced NaN or infinity");
    const logits = this.utf8 ? this.utf8.ruleOut(this.logits) : this.logits;
    const id = choose(logits, this.generator.draw(), this.temperature, this.topK);
    const mark = assess(logits, id);
    this.logits = this.network.step(id);
    return mark;
  }

  // The mark of a character's first byte, with the character and the probability of all its bytes.
  writeBytes() {
    const mark = this.writeId();
    const bytes = [mark.id];
    while (!this.utf8.follow(bytes.at(-1))) {
      const { id, probability } = this.writeId();
      bytes.push(id);
      mark.probability *= probability;
    }
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return { ...mark, character: decoder.decode(Uint8Array.from(bytes)) };
  }
}

// A function that makes the kernel on a memory; null if the browser can't run it.
function prepareKernel(base64) {
  try {
    const compiled = new WebAssembly.Module(decode(Uint8Array, base64));
    return (memory) => new WebAssembly.Instance(compiled, { page: { memory } }).exports;
  } catch {
    return null;
  }
}

let network, nextState, writer;

// Each request has one answer.
const ANSWERS = {
  load({ page, kernel, plain }) {
    const makeKernel = plain ? null : prepareKernel(kernel);
    const parsed = JSON.parse(page);
    network = new Network(parsed, makeKernel);
    nextState = parsed.nextState;
    return { engine: makeKernel ? "WebAssembly" : "JavaScript" };
  },

  write(request) {
    writer = new Writer(network, nextState, request);
    return writer.advance();
  },

  more() {
    return writer.advance();
  },

  extend({ temperature, topK, left }) {
    Object.assign(writer, { temperature, topK, left });
    return writer.advance();
  },
};

onmessage = ({ data }) => {
  const { kind } = data;
  try {
    postMessage({ kind, ...ANSWERS[kind](data) });
  } catch (error) {
    postMessage({ kind: "error", message: error.message });
  }
};
