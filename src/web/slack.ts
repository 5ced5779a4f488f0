/** Slack's requests to us: read whole, byte by byte as they were signed, and handed on. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Notify } from '../notify/index.js';

/** Where Slack sends what people press (the app's "Request URL"). */
export const slackPath = '/slack/interactions';

/** Bytes: a payload repeats the message that the button was on. */
const longest = 131_072;

/** Takes one request and answers it. */
export async function serveSlack(
  request: IncomingMessage,
  response: ServerResponse,
  take: Notify['slackInteraction'],
): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longest) break;
    chunks.push(chunk);
  }
  const { status, body } =
    request.method !== 'POST'
      ? { status: 405, body: '' }
      : length > longest
        ? { status: 413, body: '' }
        : take(request.headers, Buffer.concat(chunks));
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, { 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
