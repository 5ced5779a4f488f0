/**
 * Stand-ins for other people's APIs: one TLS server on loopback that answers under their real names, with certificates of
 * a root made for it. Tollfence reaches them as it would reach the real ones, but for two lines in config.yaml.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openAuthority } from '../../src/tls/authority.js';

/** A request as a stand-in got it. */
export interface Received {
  readonly host: string;
  readonly line: string;
  readonly authorization: string;
  /** Events that were sent before the connection ended; 0 unless it is a stream. */
  events: number;
  /** Whether the other side went away before the answer was over. */
  cut: boolean;
}

export interface StandIns {
  /** Every request that arrived, in order. */
  readonly received: Received[];
  /** config.yaml: where the names lead, and the root to trust for them. */
  readonly config: string;
  close(): Promise<void>;
}

/** Events of the one stream: a minute of them. */
export const streamLength = 600;
const streamInterval = 100;

function stream(response: ServerResponse, seen: Received): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => {
    seen.events++;
    response.write(`data: {"choices":[{"delta":{"content":"word ${seen.events} "}}]}\n\n`);
    if (seen.events === streamLength) response.end('data: [DONE]\n\n');
  }, streamInterval);
  response.once('close', () => {
    clearInterval(timer);
    seen.cut = !response.writableFinished;
  });
}

function answer(request: IncomingMessage, response: ServerResponse, received: Received[]): void {
  const { host = '', authorization = 'none' } = request.headers;
  const seen = { host, line: `${request.method} ${request.url}`, authorization, events: 0, cut: false };
  received.push(seen);
  request.resume();
  if (host === 'api.openai.com') return stream(response, seen);
  response.writeHead(201, { 'content-type': 'application/json' });
  // An API that sends back what it got: the agent must not learn the token from that either.
  response.end(JSON.stringify({ number: 1, sent_by: authorization }));
}

/** Opens them on a free port under these names; what they need is kept in `dir`. */
export async function openStandIns(dir: string, names: readonly string[]): Promise<StandIns> {
  const authority = openAuthority({ dir: join(dir, 'stand-ins'), now: Date.now, random: randomBytes });
  const root = join(dir, 'stand-ins.pem');
  writeFileSync(root, authority.certificatePem);
  const received: Received[] = [];
  const server = createServer(
    { SNICallback: (name, done) => done(null, authority.contextFor(name)) },
    (request, response) => answer(request, response, received),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    received,
    config: [
      'upstream:',
      `  ca_file: ${JSON.stringify(root)}`,
      '  connect_to:',
      ...names.map(name => `    "${name}:443": "127.0.0.1:${port}"`),
      '',
    ].join('\n'),
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
