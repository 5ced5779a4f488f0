/** Reply: the way back to a client, the same over HTTP/1.1 and over a stream of HTTP/2. */
import type { ServerResponse } from 'node:http';

/** Takes one answer: its head, its body in pieces, its end. */
export interface Reply {
  /** Everything has been handed to the client's connection. */
  readonly finished: boolean;
  /** Sends the head; `fields` are names and values in turn. `bodyless`: nothing but {@link end} follows. */
  begin(status: number, reason: string, fields: readonly string[], bodyless: boolean): void;
  /** False when the client doesn't keep up: wait for {@link onDrain}. */
  write(chunk: Buffer): boolean;
  /** Calls `then` once, when there is room again. */
  onDrain(then: () => void): void;
  /** Ends it; `done` when all of it has been handed over. Trailers are sent where the protocol has a place for them. */
  end(trailers: readonly string[], done: () => void): void;
  /** Calls `then` when nothing more can reach the client, whether the answer was complete or not. */
  onClose(then: () => void): void;
  offClose(then: () => void): void;
}

/** The reply of an exchange over HTTP/1.1. Trailers are left out: hardly a client of HTTP/1.1 reads them. */
export class PlainReply implements Reply {
  readonly #response: ServerResponse;
  #begun = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get finished(): boolean {
    return this.#response.writableFinished;
  }

  begin(status: number, reason: string, fields: readonly string[], bodyless: boolean): void {
    const response = this.#response;
    response.sendDate = false;
    response.writeHead(status, reason, fields as unknown as string[]);
    // Head and body of a small answer are there in one tick and leave as one TLS record; an event stream's client, though,
    // waits for the head before the first event is there.
    response.cork();
    process.nextTick(() => {
      response.uncork();
      if (!this.#begun && !bodyless && !response.destroyed) response.flushHeaders();
    });
  }

  write(chunk: Buffer): boolean {
    this.#begun = true;
    return this.#response.write(chunk);
  }

  onDrain(then: () => void): void {
    this.#response.once('drain', then);
  }

  end(_trailers: readonly string[], done: () => void): void {
    this.#begun = true;
    this.#response.end(done);
  }

  onClose(then: () => void): void {
    this.#response.once('close', then);
  }

  offClose(then: () => void): void {
    this.#response.off('close', then);
  }
}
