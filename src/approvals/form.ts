/**
 * Form: a form with files is the same whatever boundary stands between its parts (RFC 7578 §4.1): clients make a new one up each
 * time they try.
 */
import { createHash } from 'node:crypto';
import type { CanonicalRequest } from '../model.js';

const declared = /^multipart\/form-data\s*;\s*boundary=(?:"([^"\\\s]{1,70})"|([A-Za-z0-9'+_.?=/:-]{1,70}))$/i;
const isType = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'content-type';

/**
 * The request with a body that its parts alone decide, and a media type without the boundary; as it is if that can be read in more
 * than one way.
 */
export function withoutBoundary(request: CanonicalRequest): Pick<CanonicalRequest, 'fields'> & { body: object } {
  const { body, content, fields } = request;
  const types = fields.filter(isType);
  const [, quoted, bare] = (types.length === 1 && declared.exec(types[0]![1])) || [];
  const boundary = quoted ?? bare;
  if (boundary === undefined || content === null || body.state !== 'complete' || content.length !== body.bytes)
    return request;
  const text = `\r\n${Buffer.from(content).toString('latin1')}`;
  const [preamble, ...parts] = text.split(`\r\n--${boundary}`);
  const end = parts.pop();
  const plain =
    preamble === '' &&
    (end === '--' || end === '--\r\n') &&
    parts.every(part => part.startsWith('\r\n')) &&
    // Nowhere else, not even where only a lenient reader would take it for one.
    text.split(boundary).length === parts.length + 2;
  if (!plain) return request;
  const sha256 = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return {
    fields: fields.map(field => (isType(field) ? ([field[0], 'multipart/form-data'] as const) : field)),
    body: { parts: parts.length, sha256 },
  };
}
