/** Media types (RFC 9110 §8.3): what a Content-Type says of how a body is to be read. Attacker-controlled. */

/** How a body is to be read. */
export interface MediaType {
  readonly kind: 'json' | 'lines' | 'sequence' | 'form' | 'multipart' | 'other' | 'none';
  /** Of a multipart form. */
  readonly boundary: string;
}

/** A body that isn't read. */
export const opaque: MediaType = { kind: 'other', boundary: '' };

const kinds: readonly (readonly [RegExp, MediaType['kind']])[] = [
  [/^(application\/json|text\/json|application\/[a-z0-9!#$&^_.-]+\+json|application\/x-amz-json-1\.[01])$/, 'json'],
  [/^application\/(x-ndjson|ndjson|jsonl|x-jsonlines)$/, 'lines'],
  [/^application\/json-seq$/, 'sequence'],
  [/^application\/x-www-form-urlencoded$/, 'form'],
  [/^multipart\/form-data$/, 'multipart'],
];

/** Whether the text names no charset, or just one, which is UTF-8 (or ASCII, a part of it). */
export const plainCharset = (text: string): boolean => {
  const named = text.match(/charset/gi)?.length ?? 0;
  return named === 0 || (named === 1 && /;\s*charset="?(utf-?8|us-ascii)"?\s*(;|$)/i.test(text));
};

/** Reads a Content-Type. What two readers could take differently (two boundaries, another charset) is opaque. */
export function mediaType(text: string): MediaType {
  const [essence = '', ...parameters] = text.split(';').map(part => part.trim());
  let boundary = '';
  const seen = new Set<string>();
  for (const parameter of parameters) {
    // Some readers end a bare boundary at the first character that isn't a token's (PHP at a comma).
    const [, name = '', quoted, bare] =
      /^([a-z0-9-]+)=(?:"([^"\\]*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))$/i.exec(parameter) ?? [];
    const key = name.toLowerCase();
    if (name === '' || seen.has(key)) return opaque;
    seen.add(key);
    if (key === 'boundary') boundary = quoted ?? bare ?? '';
  }
  const kind = kinds.find(([pattern]) => pattern.test(essence.toLowerCase()))?.[1] ?? 'other';
  if (!plainCharset(text) || (kind === 'multipart' && !/^[0-9A-Za-z'()+_,./:=?-]{1,70}$/.test(boundary))) return opaque;
  return { kind, boundary };
}
