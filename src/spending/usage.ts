/**
 * Usage: what a language model says it has used, read from its answer as it goes by: from the JSON of a whole answer, or from
 * the events of a stream. An answer that breaks off, or doesn't say, has no usage.
 */

/** Tokens of one answer. Each is counted in one place only. */
export interface Usage {
  /** Input that was neither read from a cache nor written to one. */
  readonly input: number;
  readonly cached: number;
  readonly written: number;
  /** Written to a cache for an hour, which is dearer. */
  readonly writtenLong: number;
  readonly output: number;
}

/** Longest JSON, or line of a stream, that is read; in characters. */
const longest = 4 << 20;

type Members = { readonly [name: string]: unknown };

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
/** What isn't there is nothing; what is no number of tokens makes all of it unreadable. */
const count = (value: unknown): number =>
  value === undefined || value === null
    ? 0
    : typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : Number.NaN;
const whole = (usage: Usage): Usage | null => (Object.values(usage).every(Number.isSafeInteger) ? usage : null);

/**
 * Reads a `usage` object: of OpenAI's chat completions and embeddings (`prompt_tokens`), of its responses (`input_tokens` with
 * `total_tokens`; cached ones are part of both), or of Anthropic's messages (`input_tokens`, cached ones besides). Null if it
 * is none of these.
 */
export function readUsage(value: unknown): Usage | null {
  const usage = members(value);
  const chat = 'prompt_tokens' in usage;
  const all = chat ? usage.prompt_tokens : usage.input_tokens;
  if (typeof all !== 'number') return null;
  const output = count(chat ? usage.completion_tokens : usage.output_tokens);
  if (chat || 'total_tokens' in usage) {
    const details = members(chat ? usage.prompt_tokens_details : usage.input_tokens_details);
    const [cached, written] = [count(details.cached_tokens), count(details.cache_write_tokens)];
    return whole({ input: Math.max(0, count(all) - cached - written), cached, written, writtenLong: 0, output });
  }
  const writtenLong = count(members(usage.cache_creation).ephemeral_1h_input_tokens);
  const written = Math.max(0, count(usage.cache_creation_input_tokens) - writtenLong);
  return whole({ input: count(all), cached: count(usage.cache_read_input_tokens), written, writtenLong, output });
}

/** Reads one answer as it goes by. */
export interface UsageReader {
  /** The head; `mediaType` in lower case without parameters, or null if the body is coded. */
  begin(status: number, mediaType: string | null): void;
  data(chunk: Buffer): void;
  end(): void;
  readonly status: number | null;
  /** Null until the answer is complete, and if it doesn't say. */
  readonly usage: Usage | null;
}

/** A reader for one answer. */
export const usageReader = (): UsageReader => new Reading();

class Reading implements UsageReader {
  status: number | null = null;
  usage: Usage | null = null;
  #streamed = false;
  #reading = false;
  readonly #decoder = new TextDecoder();
  /** The JSON so far, or the line so far. */
  #text: string[] = [];
  #length = 0;
  /** What the events have said so far. */
  #said: Members = {};
  #complete = false;

  begin(status: number, mediaType: string | null): void {
    this.status = status;
    this.#streamed = mediaType === 'text/event-stream';
    this.#reading = this.#streamed || mediaType === 'application/json';
  }

  data(chunk: Buffer): void {
    if (!this.#reading) return;
    const text = this.#decoder.decode(chunk, { stream: true });
    if (!this.#streamed) return this.#keep(text);
    const lines = text.split(/\r?\n|\r/);
    for (const [i, line] of lines.entries()) {
      this.#keep(line);
      if (i === lines.length - 1) break;
      this.#event(this.#take());
    }
  }

  end(): void {
    if (!this.#reading) return;
    if (!this.#streamed) this.usage = readUsage(parsed(this.#take()).usage);
    else if (this.#complete) this.usage = readUsage(this.#said);
    this.#reading = false;
  }

  #keep(text: string): void {
    this.#length += text.length;
    if (this.#length <= longest) this.#text.push(text);
    else {
      this.#text = [];
      this.#reading = false;
    }
  }

  #take(): string {
    const text = this.#text.join('');
    this.#text = [];
    this.#length = 0;
    return text;
  }

  #event(line: string): void {
    if (!line.startsWith('data:')) return;
    const data = line.slice('data:'.length).trim();
    if (data === '[DONE]') this.#complete = true;
    else if (data.includes('"usage"') || data.includes('"message_stop"')) this.#hear(parsed(data));
  }

  /**
   * OpenAI's chunks have it in the last one (`stream_options.include_usage`), its responses in the event that ends them;
   * Anthropic's first event has the input, and each `message_delta` all of the output so far.
   */
  #hear(event: Members): void {
    const { type } = event;
    if (type === 'message_stop') this.#complete = true;
    const ends = type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed';
    const within = type === 'message_start' ? members(event.message) : ends ? members(event.response) : event;
    const said = Object.entries(members(within.usage)).filter(([, value]) => value !== null);
    this.#said = { ...this.#said, ...Object.fromEntries(said) };
    if (ends) this.#complete = true;
  }
}

function parsed(text: string): Members {
  try {
    return members(JSON.parse(text));
  } catch {
    return {};
  }
}
