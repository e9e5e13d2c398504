// One JSON value a line over a unix socket: QEMU's monitor (QMP) and the guest agent both speak it.
import { connect } from 'node:net';

/** Waits until `probe` gives something other than undefined; throws with `what` after `timeoutMs`. */
export async function until(what, timeoutMs, probe) {
  for (const end = Date.now() + timeoutMs; ; ) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export class JsonLines {
  #socket;
  #text = '';
  #waiting = [];

  static async open(path) {
    return until(`the socket ${path}`, 10_000, () => new Promise((resolve) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(new JsonLines(socket)));
      socket.once('error', () => resolve(undefined));
    }));
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.#text += data;
      const lines = this.#text.split('\n');
      this.#text = lines.pop();
      for (const line of lines) this.#take(line.replace(/^\xff/, ''));
    });
  }

  #take(line) {
    if (line.trim() === '') return;
    const message = JSON.parse(line);
    if ('return' in message || 'error' in message) this.#waiting.shift()?.(message);
  }

  /** Sends one command and gives its answer's `return`. */
  async call(execute, args = {}, timeoutMs = 20_000) {
    const answer = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
        reject(new Error(`${execute}: no answer`));
      }, timeoutMs);
      this.#waiting.push((message) => (clearTimeout(timer), resolve(message)));
      this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
    if (answer.error) throw new Error(`${execute}: ${answer.error.desc}`);
    return answer.return;
  }

  close() {
    this.#socket.destroy();
  }
}
