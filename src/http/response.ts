/**
 * Response: an upstream answer on its way to the client. Hop-by-hop fields go, evidence is added, injected secrets are
 * masked (through gzip, deflate and br if need be), and the client's pace becomes the upstream's.
 */
import { createHash, type Hash, hash as hashOnce } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Refusal } from '../errors.js';
import { scrubber, scrubText } from './scrub.js';
import { spent } from './spent.js';

/** What comes from upstream, and how it is to be carried. */
export interface Arriving {
  readonly status: number;
  readonly message: string;
  /** Names and values in turn, as undici gives them. */
  readonly rawHeaders: readonly Buffer[];
  readonly method: string;
  readonly needles: readonly Buffer[];
  readonly evidence: string;
  readonly response: ServerResponse;
  pause(): void;
  resume(): void;
  /** The answer can't go on. */
  fail(refusal: Refusal): void;
}

/** Takes the answer's body and says what became of it. */
export interface Carrier {
  readonly status: number;
  /** Bytes of body received from upstream. */
  readonly received: number;
  readonly scrubbed: number;
  data(chunk: Buffer): void;
  /** `done` once everything has been handed to the client's connection. */
  end(done: () => void): void;
  /** Hex SHA-256 of the body as received. */
  digest(): string;
}

const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-status',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'alt-svc',
  'tf-decision',
  'tf-evidence-id',
  'tf-kill-switch',
]);

// For every recipient (RFC 9110 §7.6.1): an answer that names them in Connection would hide how its body is to be read.
const endToEnd = new Set(['content-type', 'content-encoding', 'content-length', 'content-range']);

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The client's head: everything end-to-end as it was, without what we must not pass on. */
function head(from: Arriving): { flat: string[]; reason: string; coding: string; found: number } {
  const flat: string[] = [];
  const codings: string[] = [];
  let found = 0;
  const clean = (text: string): string => {
    if (from.needles.length === 0) return text;
    const scrubbed = scrubText(text, from.needles);
    found += scrubbed.found;
    return scrubbed.text;
  };
  const named = new Set<string>();
  for (let i = 0; i < from.rawHeaders.length; i += 2) {
    const name = from.rawHeaders[i]!;
    if (name.length === 10 && name.toString('latin1').toLowerCase() === 'connection') {
      for (const option of from.rawHeaders[i + 1]!.toString('latin1').split(','))
        named.add(option.trim().toLowerCase());
    }
  }
  for (const name of endToEnd) named.delete(name);
  for (let i = 0; i < from.rawHeaders.length; i += 2) {
    const name = from.rawHeaders[i]!.toString('latin1');
    const key = name.toLowerCase();
    if (dropped.has(key) || named.has(key)) continue;
    const value = from.rawHeaders[i + 1]!.toString('latin1');
    if (key === 'content-encoding') codings.push(value.trim().toLowerCase());
    flat.push(clean(name), clean(value));
  }
  flat.push('Tf-Decision', 'allow', 'Tf-Evidence-Id', from.evidence);
  // The reason phrase says nothing to programs, and may hold what can't be printed again.
  const reason = /^[\t\x20-\x7e]*$/.test(from.message) ? clean(from.message) : '';
  return { flat, reason, coding: codings.join(', '), found };
}

const without = (flat: readonly string[], names: readonly string[]): string[] =>
  flat.filter((_, i) => !names.includes(flat[i - (i % 2)]!.toLowerCase()));

/** Hex SHA-256 of a body in chunks; most bodies are one chunk, for which a stream of hashing is the dearer way. */
function bodyHash(): { update(chunk: Buffer): void; digest(): string } {
  let only: Buffer | null = null;
  let stream: Hash | null = null;
  return {
    update(chunk) {
      if (only === null && stream === null) only = Buffer.from(chunk);
      else {
        stream ??= createHash('sha256').update(only!);
        only = null;
        stream.update(chunk);
      }
    },
    digest: () => stream?.digest('hex') ?? hashOnce('sha256', only ?? '', 'hex'),
  };
}

/** Starts the answer to the client and returns what carries its body. */
export function responseCarrier(from: Arriving): Carrier {
  const { response } = from;
  const { flat, reason, coding, found } = head(from);
  const bodyless = from.method === 'HEAD' || from.status === 204 || from.status === 304;
  const body = bodyHash();
  const scrub = from.needles.length > 0 && !bodyless ? scrubber(from.needles) : null;
  let received = 0;
  let decoder: Transform | null = null;
  let decoded = false;
  let fields = flat;

  if (scrub !== null && coding !== '' && coding !== 'identity') {
    const make = decoders[coding];
    if (make === undefined || from.status === 206) {
      const refusal = new Refusal(
        'upstream_protocol',
        `The answer is coded in a way (${coding}) in which it can't be searched for the secret.`,
      );
      from.fail(refusal);
      return { status: from.status, received: 0, scrubbed: 0, data: () => {}, end: () => {}, digest: () => '' };
    }
    decoder = make();
    fields = without(flat, ['content-encoding', 'content-length']);
  }

  response.sendDate = false;
  response.writeHead(from.status, reason, fields as unknown as string[]);
  // Head and body of a small answer are there in one tick and leave as one TLS record; an event stream's client, though,
  // waits for the head before the first event is there.
  let begun = false;
  response.cork();
  process.nextTick(() => {
    response.uncork();
    if (!begun && !bodyless && !response.destroyed) response.flushHeaders();
  });

  const write = (chunk: Buffer): boolean => {
    const clean = scrub === null ? chunk : scrub.push(chunk);
    if (clean.length === 0) return true;
    begun = true;
    return response.write(clean);
  };
  if (decoder !== null) {
    const open = decoder;
    open.on('data', (chunk: Buffer) => {
      if (write(chunk)) return;
      open.pause();
      response.once('drain', () => open.resume());
    });
    open.on('drain', () => from.resume());
    // Deflate and brotli know their own end; what the upstream sends after it belongs to nothing.
    open.once('end', () => {
      decoded = true;
      from.resume();
    });
    open.on('error', () => from.fail(new Refusal('upstream_protocol', 'The answer is not coded as it says.')));
  }
  const finish = (done: () => void): void => {
    begun = true;
    const rest = scrub?.end();
    if (rest !== undefined && rest.length > 0) response.write(rest);
    response.end(done);
  };
  return {
    status: from.status,
    get received() {
      return received;
    },
    get scrubbed() {
      return found + (scrub?.found ?? 0);
    },
    data(chunk) {
      received += chunk.length;
      spent(chunk.length);
      body.update(chunk);
      if (decoder !== null) {
        if (!decoded && !decoder.write(chunk)) from.pause();
      } else if (!write(chunk)) {
        from.pause();
        response.once('drain', () => from.resume());
      }
    },
    end(done) {
      if (decoder === null || decoded) return finish(done);
      decoder.once('end', () => finish(done));
      decoder.end();
    },
    digest: () => body.digest(),
  };
}
