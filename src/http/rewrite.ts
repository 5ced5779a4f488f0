/**
 * Rewrite: an answer made of JSON messages (one document, or an event stream of them) of which the client gets another
 * version. What can't be read, or is too long to be read, is refused: nothing passes as it was unless it was looked at.
 */
import { createHash } from 'node:crypto';
import { Refusal } from '../errors.js';
import { undoable } from './coding.js';
import { Content } from './content.js';
import { type Arriving, type Carrier, responseCarrier } from './response.js';

/** Gives the text that is sent in place of one message's, or null: it can't be judged. May take its time. */
export type Rewrite = (message: string) => Promise<string | null> | string | null;

/** Most characters of one message, or of a document. */
const longest = 4 << 20;

/** What would be wrong of another version. */
const stale =
  /^(content-length|content-encoding|content-md5|(content-|repr-)?digest|etag|last-modified|accept-ranges)$/;

const unreadable = (why: string): Refusal =>
  new Refusal(
    'upstream_protocol',
    `The answer lists what may be done, and ${why}, so what the policy denies can't be left out.`,
  );

const values = (raw: readonly Buffer[], name: string): readonly string[] =>
  raw.flatMap((field, i) =>
    i % 2 === 0 && field.toString('latin1').toLowerCase() === name
      ? [raw[i + 1]!.toString('latin1').toLowerCase()]
      : [],
  );

/** Takes an answer as `responseCarrier` does; what is in it is rewritten, if there is a `rewrite`. */
export function carrierOf(rewrite: Rewrite | null, from: Arriving): Carrier {
  const bodyless = from.method === 'HEAD' || from.status === 204 || from.status === 205 || from.ended;
  if (rewrite === null || from.status < 200 || from.status > 299 || bodyless) return responseCarrier(from);
  return new Rewriting(from, rewrite);
}

/** An empty line: the end of an event. A carriage return at the very end may be half of a line's end. */
const endOfEvent = /(?:\r\n|\r(?!\n|$)|\n)(?:\r\n|\r(?!\n|$)|\n)/g;

class Rewriting implements Carrier {
  readonly status: number;
  readonly #from: Arriving;
  readonly #rewrite: Rewrite;
  readonly #events: boolean;
  readonly #content: Content | null;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #hash = createHash('sha256');
  readonly #holds = new Set<string>();
  #inner: Carrier | null = null;
  #text = '';
  #searched = 0;
  #received = 0;
  /** What is being judged; what came later waits for it. */
  #work: Promise<void> = Promise.resolve();
  #over = false;
  #finish: (() => void) | null = null;

  constructor(from: Arriving, rewrite: Rewrite) {
    this.status = from.status;
    this.#from = from;
    this.#rewrite = rewrite;
    const types = values(from.rawHeaders, 'content-type');
    // Of two media types each counts for somebody: then it must be one document, which is no event stream to anybody.
    this.#events = types.length === 1 && /^\s*text\/event-stream\s*(;|$)/.test(types[0]!);
    const codings = values(from.rawHeaders, 'content-encoding')
      .flatMap(list => list.split(','))
      .map(coding => coding.trim())
      .filter(coding => coding !== '' && coding !== 'identity');
    const known = codings.length <= 2 && codings.every(coding => undoable.includes(coding));
    this.#content = codings.length > 0 && known ? this.#decoded(codings) : null;
    if (!known) queueMicrotask(() => this.#fail(`it has the coding ${codings.join(', ').slice(0, 64)}`));
    // Whoever waits for events waits for the head first.
    if (this.#events && known) this.#begin();
  }

  begun(): boolean {
    return this.#inner?.begun() ?? false;
  }

  received(): number {
    return this.#received;
  }

  scrubbed(): number {
    return this.#inner?.scrubbed() ?? 0;
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  data(chunk: Buffer): void {
    this.#received += chunk.length;
    this.#hash.update(chunk);
    if (this.#over) return;
    if (this.#content === null) this.#read(chunk);
    else if (!this.#content.write(chunk)) this.#hold('content');
  }

  end(done: () => void, trailers?: readonly Buffer[]): void {
    this.#finish = () => {
      this.#read(null);
      this.#then(() => this.#begin().end(done, trailers));
    };
    if (this.#content === null) this.#finish();
    else this.#content.end();
  }

  abandon(): void {
    this.#over = true;
    this.#content?.destroy();
    this.#inner?.abandon();
  }

  /** The head goes out when there is something to go with it. */
  #begin(): Carrier {
    const { rawHeaders } = this.#from;
    this.#inner ??= responseCarrier({
      ...this.#from,
      rawHeaders: rawHeaders.filter((_, i) => !stale.test(rawHeaders[i - (i % 2)]!.toString('latin1').toLowerCase())),
      pause: () => this.#hold('client'),
      resume: () => this.#free('client'),
    });
    return this.#inner;
  }

  #decoded(codings: readonly string[]): Content {
    return new Content(codings, {
      data: piece => {
        this.#read(piece);
        return true;
      },
      end: () => this.#finish?.(),
      drain: () => this.#free('content'),
      broken: () => this.#fail('it is not coded as it says'),
    });
  }

  #hold(why: string): void {
    this.#holds.add(why);
    this.#from.pause();
  }

  #free(why: string): void {
    if (this.#holds.delete(why) && this.#holds.size === 0 && !this.#over) this.#from.resume();
  }

  /** What is read is cut into messages; null: there is no more. */
  #read(piece: Buffer | null): void {
    try {
      this.#text += piece === null ? this.#decoder.decode() : this.#decoder.decode(piece, { stream: true });
    } catch {
      return this.#fail('it is not UTF-8');
    }
    for (let end = this.#endOfEvent(); end !== null; end = this.#endOfEvent()) {
      const event = this.#text.slice(0, end.index);
      const [mark] = end;
      this.#text = this.#text.slice(end.index + mark.length);
      this.#searched = 0;
      this.#then(() => this.#event(event, mark));
    }
    if (this.#text.length > longest) return this.#fail('it is too long to be read');
    if (piece !== null || this.#text === '') return;
    const rest = this.#text;
    this.#text = '';
    this.#then(() => (this.#events ? this.#event(rest, '') : this.#message(rest).then(text => this.#send(text))));
  }

  /** The first end of an event in what has come, if it is an event stream. What was searched before isn't again. */
  #endOfEvent(): RegExpExecArray | null {
    if (!this.#events) return null;
    endOfEvent.lastIndex = Math.max(0, this.#searched - 4);
    this.#searched = this.#text.length;
    return endOfEvent.exec(this.#text);
  }

  /** Does one thing after the other; meanwhile nothing more is taken. */
  #then(work: () => Promise<void> | void): void {
    this.#hold('work');
    const mine = this.#work.then(() => (this.#over ? undefined : work())).catch(error => this.#stop(error));
    this.#work = mine;
    void mine.then(() => {
      if (this.#work === mine) this.#free('work');
    });
  }

  async #event(event: string, end: string): Promise<void> {
    const lines = event.split(/\r\n|\r|\n/);
    const isData = (line: string): boolean => /^data(:|$)/.test(line);
    const data = lines.filter(isData).map(line => line.replace(/^data:? ?/, ''));
    const text = data.join('\n');
    const shown = text === '' ? text : await this.#message(text);
    if (shown === text) return this.#send(event + end);
    const at = lines.findIndex(isData);
    this.#send(
      [...lines.slice(0, at), `data: ${shown}`, ...lines.slice(at).filter(line => !isData(line))].join('\n') +
        (end && '\n\n'),
    );
  }

  async #message(text: string): Promise<string> {
    const shown = await this.#rewrite(text);
    if (shown === null) throw unreadable('a part of it can be read in two ways, or in none');
    return shown;
  }

  #send(text: string): void {
    if (!this.#over && text !== '') this.#begin().data(Buffer.from(text));
  }

  #fail(why: string): void {
    this.#stop(unreadable(why));
  }

  #stop(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#from.fail(
      error instanceof Refusal
        ? error
        : new Refusal('proxy_error', 'Tollfence failed while it read an answer.', { cause: error }),
    );
  }
}
