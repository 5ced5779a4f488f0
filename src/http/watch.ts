/** Watch: a reply that shows what goes to the client to somebody who counts, and changes nothing of it. */
import type { Reply } from './reply.js';

/** Sees one answer as it goes to the client: decoded, and masked. */
export interface Watcher {
  /** `mediaType` in lower case without parameters; null if the body is still coded, or there is none. */
  begin(status: number, mediaType: string | null): void;
  data(chunk: Buffer): void;
  /** All of it has come. Not called for an answer that breaks off. */
  end(): void;
}

/** The reply, watched. */
export class WatchedReply implements Reply {
  readonly #reply: Reply;
  readonly #watcher: Watcher;

  constructor(reply: Reply, watcher: Watcher) {
    this.#reply = reply;
    this.#watcher = watcher;
  }

  get finished(): boolean {
    return this.#reply.finished;
  }

  begin(status: number, reason: string, fields: readonly string[], bodyless: boolean): void {
    const field = (name: string): string | undefined =>
      fields.find((_, i) => i % 2 === 1 && fields[i - 1]!.toLowerCase() === name);
    const coded = bodyless || !/^(identity)?$/i.test(field('content-encoding')?.trim() ?? '');
    this.#watcher.begin(status, coded ? null : (field('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase());
    this.#reply.begin(status, reason, fields, bodyless);
  }

  write(chunk: Buffer): boolean {
    this.#watcher.data(chunk);
    return this.#reply.write(chunk);
  }

  onDrain(then: () => void): void {
    this.#reply.onDrain(then);
  }

  end(trailers: readonly string[], done: () => void): void {
    this.#watcher.end();
    this.#reply.end(trailers, done);
  }

  onClose(then: () => void): void {
    this.#reply.onClose(then);
  }

  offClose(then: () => void): void {
    this.#reply.offClose(then);
  }
}
