/** H2: what both sides of HTTP/2 (RFC 9113) have in common: fields as Node takes them, and streams that end only when they are complete. */
import { constants, type Http2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { Refusal } from '../errors.js';

/** Fields that belong to a connection of HTTP/1.1 (RFC 9113 §8.2.2). */
export const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Names and values in turn, as an object for node:http2. Fields that occur more than once become one (RFC 9110 §5.3), but
 * for Set-Cookie; empty ones add nothing to it (§5.6.1), for a value that ends with a space would not be read. Throws `Refusal` (`upstream_protocol`) for a value that would break out of its place.
 */
export function toHeaders(fields: readonly string[]): OutgoingHttpHeaders {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const value = fields[i + 1]!;
    // Node hands them to its C++ in one string, with NUL between them.
    if (/[\0\r\n]/.test(name) || /[\0\r\n]/.test(value))
      throw new Refusal('upstream_protocol', 'A field has a line break or NUL in it.');
    if (connectionSpecific.has(name)) continue;
    const known = headers[name];
    if (name === 'set-cookie') headers[name] = [...((known as string[]) ?? []), value];
    else if (known === undefined || known === '') headers[name] = value;
    else if (value !== '') headers[name] = `${known as string}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}

/**
 * Makes sure that the stream ends only where its sender has ended it: Node lets one that was reset with NO_ERROR or CANCEL
 * end as if it were complete. Such a stream closes without an end instead, unless it was reset without an error after all
 * the bytes that `length` says: Node's own servers do that.
 */
export function endsWhole(stream: Http2Stream, length: () => number = () => Number.NaN): void {
  const push = stream.push;
  // The end may have come with the head, before anybody could look.
  let { ended } = (stream as unknown as { _readableState: { ended: boolean } })._readableState;
  let received = 0;
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk !== null) received += (chunk as Buffer).length;
    else if (!ended) {
      const whole = stream.rstCode === constants.NGHTTP2_NO_ERROR && received === length();
      if ((stream.closed || stream.destroyed) && !whole) {
        // Not at once: Node is in the middle of closing it.
        process.nextTick(() => stream.destroy(new Error('The stream was reset before it was complete.')));
        return false;
      }
      ended = true;
    }
    return push.call(stream, chunk, encoding);
  };
}

/** Ends both directions at once; the peer sees a reset, never an end. */
export function resetStream(stream: Http2Stream): void {
  // close() would end what is being sent as if it were complete, and only then reset it.
  if (stream.writableEnded && !stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  else stream.destroy(new Error('The stream was stopped.'));
}
