/**
 * What a connector may see of a request: query, header fields and body, each read only when asked for, and strictly.
 * Everything in it is attacker-controlled.
 */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import type { BodyFacts, CanonicalRequest, RequestView, Value } from '../model.js';
import { nest, type Pairs, readPairs } from './form.js';
import { decodeText, type Json, type JsonObject, readJson, readJsonLines, readJsonSequence, unclear } from './json.js';
import { type MediaType, mediaType, opaque, plainCharset } from './media-type.js';
import { readMultipart } from './multipart.js';

/** How the API reads a body, whatever the media type says; undefined: by the media type. */
export type Reads = 'json' | 'form' | undefined;

const windowBytes = 64 << 10;

/** Content-Types of what frameworks take parameters from; none at all may be any. */
const maybeParameters = /^$|json|urlencoded|form-data/i;

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);

/** Percent escapes and JSON's, undone where they stand for one byte. */
const unescaped = (text: string): string =>
  text.replace(/(?:%|\\u00)([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** Whether somebody takes a field for the one of this name, in lower case: CGI and its heirs read `A_B` as `A-B`. */
function isNamed(field: string, name: string): boolean {
  if (field.length !== name.length) return false;
  const lower = field.toLowerCase();
  return lower === name || (lower.includes('_') && lower.replaceAll('_', '-') === name);
}

/** Whether a document holds something that isn't exact. */
function isUnclear(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return value === unclear;
  return (Array.isArray(value) ? value : Object.values(value)).some(isUnclear);
}

/** The lazily read request; `document` and `arguments` are for expressions, the rest is what a function may see. */
export class View implements RequestView {
  readonly #request: CanonicalRequest;
  readonly #reads: Reads;
  #query: Pairs | undefined | null = null;
  #nestedQuery: JsonObject | undefined;
  #document: Json | undefined | null = null;
  #form: Pairs | undefined;
  #files = false;
  #json: Value | undefined | null = null;

  readonly instance: string;

  constructor(request: CanonicalRequest, reads?: Reads, instance: string = request.host) {
    this.#request = request;
    this.#reads = reads;
    this.instance = instance;
  }

  get method(): string {
    return this.#request.method;
  }

  get host(): string {
    return this.#request.host;
  }

  get path(): string {
    return this.#request.path;
  }

  get body(): BodyFacts {
    return this.#request.body;
  }

  get upgrade(): string | null {
    return this.#request.upgrade;
  }

  get bytes(): Uint8Array | null {
    return this.#request.content;
  }

  get text(): string | undefined {
    const { body, content } = this.#request;
    return body.state === 'complete' && content !== null ? decodeText(content) : undefined;
  }

  /** The query's pairs; undefined if it could be read in two ways. */
  get pairs(): Pairs | undefined {
    if (this.#query === null) this.#query = readPairs(this.#request.query);
    return this.#query;
  }

  get query(): Pairs {
    return this.pairs ?? [];
  }

  /** The query nested by its brackets; undefined if it could be read in two ways. */
  get nestedQuery(): JsonObject | undefined {
    const pairs = this.pairs;
    if (pairs !== undefined) this.#nestedQuery ??= nest(pairs);
    return this.#nestedQuery;
  }

  /** Whether there is a body at all; one of no bytes says nothing. */
  get empty(): boolean {
    const { state, bytes } = this.#request.body;
    return state === 'none' || (state === 'complete' && bytes === 0);
  }

  /** The body as nested data, JSON or form; undefined if there is none or it can't be read in exactly one way. */
  get document(): Json | undefined {
    if (this.#document === null) this.#document = this.#read();
    return this.#document;
  }

  /** The fields; undefined if a part of it is a file, which some readers take for a field. */
  get form(): Pairs | undefined {
    void this.document;
    return this.#files ? undefined : this.#form;
  }

  /** Whether the body is a form: its values are text. */
  get isForm(): boolean {
    void this.document;
    return this.#form !== undefined;
  }

  /** Whether a body that can't be read may hold parameters even so, for a reader that is less strict. */
  get mayHoldParameters(): boolean {
    const { content } = this.#request;
    if (this.empty || content === null) return !this.empty;
    // A file that is sent as it is isn't JSON to anybody.
    if (this.#reads === 'json') return /^[\s\0\xef\xbb\xbf\xfe\xff]*[{/]/.test(latin1(content, 0, 64));
    return maybeParameters.test(this.header('content-type') ?? '');
  }

  get json(): Value | undefined {
    if (this.#json === null) {
      const document = this.document;
      this.#json =
        this.#form !== undefined || document === undefined || isUnclear(document) ? undefined : (document as Value);
    }
    return this.#json;
  }

  header(name: string): string | undefined {
    let found: string | undefined;
    for (const [field, value] of this.#request.fields) {
      if (!isNamed(field, name)) continue;
      if (found !== undefined || field.toLowerCase() !== name) return undefined;
      found = value;
    }
    return found;
  }

  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string {
    return createHash(algorithm).update(bytes).digest('hex');
  }

  inflate(at: number, limit: number): { content: Uint8Array; length: number } | null {
    const { content } = this.#request;
    if (content === null || at < 0 || at >= content.length) return null;
    try {
      const { buffer, engine } = inflateSync(content.subarray(at), {
        info: true,
        maxOutputLength: limit,
      }) as unknown as {
        buffer: Uint8Array;
        engine: { bytesWritten: number };
      };
      return { content: buffer, length: engine.bytesWritten };
    } catch {
      return null;
    }
  }

  /** Whether a header field is there, once or often. `name` in lower case. */
  has(name: string): boolean {
    return this.#request.fields.some(([field]) => isNamed(field, name));
  }

  hasAny(start: string): boolean {
    return this.#request.fields.some(([field]) => isNamed(field.slice(0, start.length), start));
  }

  /** Whether one of these fields is there, whose names begin with `x-`, in lower case. CGI and its heirs read `X_A` as `X-A`. */
  hasExtension(names: ReadonlySet<string>): boolean {
    return this.#request.fields.some(
      ([field]) => (field[0] === 'x' || field[0] === 'X') && names.has(field.toLowerCase().replaceAll('_', '-')),
    );
  }

  /**
   * What is in a query, form or document that can't be read in one way only, with its escapes undone, for readers who are
   * less strict than we are. In windows that overlap: a body of megabytes is not made into one text.
   */
  *unread(): Iterable<string> {
    const { query, content } = this.#request;
    if (this.pairs === undefined) yield unescaped(query);
    if (content === null || this.empty || this.document !== undefined) return;
    if (!maybeParameters.test(this.header('content-type') ?? '')) return;
    for (let at = 0; at < content.length; at += windowBytes)
      yield unescaped(latin1(content, Math.max(0, at - 128), at + windowBytes));
  }

  #mediaType(): MediaType {
    const value = this.header('content-type');
    if (value !== undefined) return mediaType(value);
    return this.has('content-type') ? opaque : { kind: 'none', boundary: '' };
  }

  #read(): Json | undefined {
    const { body, content } = this.#request;
    if (body.state !== 'complete' || content === null || this.empty) return undefined;
    const { kind, boundary } = this.#mediaType();
    if (kind === 'multipart' && this.#reads !== 'json') {
      const parts = readMultipart(content, boundary);
      this.#form = parts?.fields;
      this.#files = parts !== undefined && parts.files.length > 0;
      return parts && nest(parts.fields, parts.files);
    }
    const text = decodeText(content);
    if (text === undefined) return undefined;
    if (this.#reads === 'json') return this.#unusualCharset() ? undefined : readJson(text);
    if (kind === 'form' || (kind === 'none' && this.#reads === 'form')) {
      const pairs = text.startsWith('\ufeff') ? undefined : readPairs(text);
      // A form may name the charset that it is in (HTML §4.10.21.7).
      this.#form = pairs?.some(([name]) => name === '_charset_') ? undefined : pairs;
      return this.#form && nest(this.#form);
    }
    if (this.#reads === 'form') return undefined;
    if (kind === 'json') return readJson(text);
    return kind === 'lines' ? readJsonLines(text) : kind === 'sequence' ? readJsonSequence(text) : undefined;
  }

  /** An API that reads everything as JSON may still heed a charset, and which of two Content-Types isn't ours to say. */
  #unusualCharset(): boolean {
    const value = this.header('content-type');
    return value === undefined ? this.has('content-type') : !plainCharset(value);
  }
}
