/**
 * Response: an upstream answer on its way to the client. Hop-by-hop fields go, evidence is added, secrets are masked
 * (through content codings if need be; what can't be searched is the policy's to judge), and the client's pace becomes the
 * upstream's.
 */
import { createHash, type Hash, hash as hashOnce } from 'node:crypto';
import type { NeedleSet } from '../credentials/index.js';
import { Refusal } from '../errors.js';
import type { ResponseFacts } from '../model.js';
import { Content, factsOf, scannable } from './content.js';
import { hasMessages, messageScrubber } from './messages.js';
import type { Reply } from './reply.js';
import { scrubber, scrubText } from './scrub.js';
import { spent } from './spent.js';

/** What comes from upstream, and how it is to be carried. */
export interface Arriving {
  readonly status: number;
  readonly message: string;
  /** Names and values in turn, as undici gives them. */
  readonly rawHeaders: readonly Buffer[];
  readonly method: string;
  readonly needles: NeedleSet;
  readonly evidence: string;
  readonly reply: Reply;
  /** The head is everything: neither body nor trailers follow (HTTP/2). */
  readonly ended: boolean;
  pause(): void;
  resume(): void;
  /** Asks whether an answer that can't be searched may pass. Rejects with `Refusal` if not. */
  judge(facts: ResponseFacts): Promise<void>;
  /** The answer can't go on. */
  fail(refusal: Refusal): void;
}

/**
 * Takes the answer's body and says what became of it. With methods where there could be getters: each literal with a getter
 * has a hidden class of its own, which keeps the whole exchange alive until the next major collection.
 */
export interface Carrier {
  readonly status: number;
  /** Whether something has gone to the client. */
  begun(): boolean;
  /** Bytes of body received from upstream. */
  received(): number;
  scrubbed(): number;
  data(chunk: Buffer): void;
  /** `done` once everything has been handed to the client's connection. Trailers are names and values in turn. */
  end(done: () => void, trailers?: readonly Buffer[]): void;
  /** Nothing more comes, and nothing more is wanted. */
  abandon(): void;
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

interface Head {
  /** Names and values in turn. */
  readonly flat: string[];
  readonly reason: string;
  /** In the order in which they were applied. */
  readonly codings: readonly string[];
  /** Lower case, without parameters. */
  readonly mediaType: string;
  readonly found: number;
}

/** The client's head: everything end-to-end as it was, without what we must not pass on. */
function head(from: Arriving): Head {
  const flat: string[] = [];
  const codings: string[] = [];
  let mediaType = '';
  let found = 0;
  // One search through all of it, which nearly always finds nothing, instead of one for each name and value.
  const suspect = from.needles.length > 0 && from.needles.foundIn(Buffer.concat(from.rawHeaders));
  const clean = (text: string): string => {
    if (!suspect) return text;
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
    // Masked before it is read: the policy and the log are told of it.
    const value = clean(from.rawHeaders[i + 1]!.toString('latin1'));
    if (key === 'content-type' && mediaType !== 'multipart/byteranges')
      mediaType = value.split(';', 1)[0]!.trim().toLowerCase();
    if (key === 'content-encoding')
      for (const coding of value.toLowerCase().split(','))
        if (!/^\s*(identity)?\s*$/.test(coding)) codings.push(coding.trim());
    if (key === 'grpc-encoding' && value !== 'identity') codings.push(`grpc-encoding ${value}`);
    flat.push(clean(name), value);
  }
  flat.push('Tf-Decision', 'allow', 'Tf-Evidence-Id', from.evidence);
  // The reason phrase says nothing to programs, and may hold what can't be printed again.
  const reason = scrubText(/^[\t\x20-\x7e]*$/.test(from.message) ? from.message : '', from.needles);
  return { flat, reason: reason.text, codings, mediaType, found: found + reason.found };
}

/** Trailers, masked as the head is. What says how the answer is framed, or who decided, has no place there (RFC 9110 §6.5.1). */
function trailing(raw: readonly Buffer[], needles: Arriving['needles']): { flat: string[]; found: number } {
  const flat: string[] = [];
  let found = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const pair = [raw[i]!.toString('latin1'), raw[i + 1]!.toString('latin1')] as const;
    if (dropped.has(pair[0].toLowerCase()) || endToEnd.has(pair[0].toLowerCase())) continue;
    for (const text of pair) {
      const clean = scrubText(text, needles);
      found += clean.found;
      flat.push(clean.text);
    }
  }
  return { flat, found };
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

/** Throws `Refusal` for an answer that HTTP/2 can't say, or after which two readers would go on in different places. */
function check(status: number, fields: readonly string[]): void {
  if (status > 599) throw new Refusal('upstream_protocol', `The answer has the status ${status}, which HTTP has not.`);
  if (status !== 204 && status !== 205) return;
  const length = fields.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length');
  if (length >= 0 && Number(fields[length + 1]) !== 0) throw unwanted(status);
}

const unwanted = (status: number): Refusal =>
  new Refusal('upstream_protocol', `The answer has the status ${status}, and content, which such an answer has not.`);

/**
 * Takes an answer whose head is there and returns what carries its body. It begins at once if it can. Throws `Refusal`
 * (`upstream_protocol`) for one that can't be passed on.
 */
export function responseCarrier(from: Arriving): Carrier {
  const { reply } = from;
  const { flat, reason, codings, mediaType, found } = head(from);
  check(from.status, flat);
  const bodyless = from.method === 'HEAD' || [204, 205, 304].includes(from.status) || from.ended;
  const body = bodyHash();
  const scrubbing = hasMessages(mediaType) ? messageScrubber : scrubber;
  let scrub = from.needles.length > 0 && !bodyless ? scrubbing(from.needles) : null;
  let content: Content | null = null;
  /** What came while the policy is asked, and what is to be done when all of it has come. */
  let held: Buffer[] | null = null;
  let complete: (() => void) | null = null;
  let received = 0;
  let trailed = 0;
  let begun = false;
  let over = false;

  const begin = (fields: readonly string[]): void => {
    begun = true;
    reply.begin(from.status, reason, fields, bodyless);
  };
  const write = (chunk: Buffer): boolean => {
    const clean = scrub === null ? chunk : scrub.push(chunk);
    return clean.length === 0 || reply.write(clean);
  };
  const pass = (chunk: Buffer): void => {
    if (write(chunk)) return;
    from.pause();
    reply.onDrain(() => from.resume());
  };
  const ask = (raw: readonly Buffer[]): void => {
    held = [...raw];
    scrub = null;
    content = null;
    from.pause();
    from.judge(factsOf(from.status, mediaType, codings.join(', '))).then(
      () => {
        if (over) return;
        begin(flat);
        from.resume();
        for (const chunk of held ?? []) pass(chunk);
        held = null;
        complete?.();
      },
      (refusal: Refusal) => from.fail(refusal),
    );
  };
  /** The content of a coded body; the head waits for the first of it, so that what is broken from the start isn't begun. */
  const decoded = (): Content => {
    const fields = without(flat, ['content-encoding', 'content-length']);
    const opened = new Content(codings, {
      data(piece) {
        if (!begun) begin(fields);
        if (write(piece)) return true;
        reply.onDrain(() => opened.resume());
        return false;
      },
      end() {
        if (!begun) begin(fields);
        complete?.();
      },
      drain: () => from.resume(),
      broken(raw) {
        if (raw === null) from.fail(new Refusal('upstream_protocol', 'The answer is not coded as it says.'));
        else ask(raw);
      },
    });
    return opened;
  };

  if (scrub !== null && !scannable(from.status, mediaType, codings)) ask([]);
  else if (scrub !== null && codings.length > 0) content = decoded();
  else begin(flat);

  return {
    status: from.status,
    begun: () => begun,
    received: () => received,
    scrubbed: () => found + trailed + (scrub?.found ?? 0),
    data(chunk) {
      if (bodyless) return from.fail(unwanted(from.status));
      received += chunk.length;
      spent(chunk.length);
      body.update(chunk);
      if (held !== null) held.push(chunk);
      else if (content === null) pass(chunk);
      else if (!content.write(chunk)) from.pause();
    },
    end(done, trailers = []) {
      complete = () => {
        const rest = scrub?.end();
        if (rest !== undefined && rest.length > 0) reply.write(rest);
        const { flat, found } = trailing(trailers, from.needles);
        trailed = found;
        reply.end(flat, done);
      };
      if (held !== null) return;
      if (content === null) complete();
      else content.end();
    },
    abandon() {
      over = true;
      content?.destroy();
    },
    digest: () => body.digest(),
  };
}
