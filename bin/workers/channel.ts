/**
 * Channel: questions and news between the parent and one worker, over the file descriptor that only these two have. All
 * that is said in one turn of the event loop goes as one message, in order.
 */
import type { Socket } from 'node:net';
import { type Code, Refusal, type RefusalExtra } from '../../src/errors.js';

/** A question has a number, which its answer repeats. */
type Line =
  | readonly ['ask', number, string, unknown]
  | readonly ['answer', number, unknown]
  | readonly ['refuse', number, Code | null, string, RefusalExtra]
  | readonly ['tell', string, unknown];

/** One end of a process's channel, as Node has it. */
export interface Port {
  send(message: unknown, socket: Socket | undefined, done: (error: Error | null) => void): void;
}

/** What an end does with what it hears. Both may throw; `ask` then refuses. */
export interface Ears {
  /** What a question is answered with. */
  ask(what: string, value: unknown): unknown;
  tell(what: string, value: unknown): void;
}

/** Most questions that wait for an answer at one end. */
const mostAsked = 20_000;

/** Thrown by `ask` when the other end has gone. */
export class Gone extends Error {}

export class Channel {
  readonly #port: Port;
  readonly #ears: Ears;
  readonly #asked = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #next = 0;
  #lines: Line[] = [];
  #closed = false;

  constructor(port: Port, ears: Ears) {
    this.#port = port;
    this.#ears = ears;
  }

  /** Asks the other end. Rejects `Refusal` as it refuses, and `Gone` once it has gone. */
  ask(what: string, value: unknown): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Gone());
    if (this.#asked.size >= mostAsked)
      return Promise.reject(new Refusal('overloaded', 'Too much waits for another process of the proxy.'));
    const number = this.#next++;
    this.#say(['ask', number, what, value]);
    return new Promise((resolve, reject) => this.#asked.set(number, { resolve, reject }));
  }

  /** Tells the other end. */
  tell(what: string, value: unknown): void {
    this.#say(['tell', what, value]);
  }

  /** Gives a connection away, under this number. Whoever gave it closes it here once the other end has it. */
  hand(socket: Socket, number: number): void {
    this.#flush();
    if (this.#closed) return void socket.destroy();
    this.#port.send(number, socket, error => error !== null && socket.destroy());
  }

  /** Takes what has arrived. Throws `TypeError` for what is no message: whoever sent it is not to be trusted any more. */
  hear(message: unknown): void {
    if (!Array.isArray(message)) throw new TypeError('It is not a list.');
    for (const line of message as readonly unknown[]) {
      if (!Array.isArray(line)) throw new TypeError('A line of it is not a list.');
      const [kind, first, second, third, fourth] = line as readonly unknown[];
      if (kind === 'tell' && typeof first === 'string') this.#ears.tell(first, second);
      else if (typeof first !== 'number') throw new TypeError('A line of it has no number.');
      else if (kind === 'ask' && typeof second === 'string') this.#answer(first, second, third);
      else if (kind === 'answer') this.#settled(first)?.resolve(second);
      else if (kind === 'refuse') this.#settled(first)?.reject(refused(second, third, fourth));
      else throw new TypeError('A line of it is of no kind.');
    }
  }

  /** The other end has gone: whoever waits for it hears so. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#asked.values()) reject(new Gone());
    this.#asked.clear();
  }

  #settled(number: number) {
    const waiting = this.#asked.get(number);
    this.#asked.delete(number);
    return waiting;
  }

  #answer(number: number, what: string, value: unknown): void {
    const refuse = (error: unknown): void => {
      const { code, message, extra } = error instanceof Refusal ? error : unknownError(error);
      const { cause: _, ...rest } = extra;
      this.#say(['refuse', number, code, message, rest]);
    };
    let answer: unknown;
    try {
      answer = this.#ears.ask(what, value);
    } catch (error) {
      if (error instanceof TypeError) throw error;
      return refuse(error);
    }
    if (!(answer instanceof Promise)) return this.#say(['answer', number, answer]);
    answer.then(result => this.#say(['answer', number, result]), refuse);
  }

  #say(line: Line): void {
    if (this.#lines.push(line) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    if (!this.#closed) this.#port.send(lines, undefined, () => {});
  }
}

const unknownError = (error: unknown) => ({
  code: null,
  message: error instanceof Error ? error.message : 'unknown',
  extra: {} as RefusalExtra,
});

function refused(code: unknown, message: unknown, extra: unknown): Error {
  if (typeof message !== 'string') throw new TypeError('A refusal has no sentence.');
  return code === null ? new Error(message) : new Refusal(code as Code, message, extra as RefusalExtra);
}
