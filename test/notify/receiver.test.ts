/** A webhook's receiver that answers as it shouldn't. */
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { postWebhook } from '../../bin/proxy/notify/webhook.js';
import { noticeOf } from '../../src/notify/notice.js';
import { approval, never } from './approval.js';

let server: Server;
let status = 200;
let answered = 0;
const bodies: string[] = [];

/** As much as the client takes. */
function flood(response: ServerResponse): void {
  const piece = Buffer.alloc(65_536, 'x');
  const more = (): void => {
    while (!response.destroyed) {
      answered += piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
  };
  more();
}
before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => {
      body += String(chunk);
    });
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(status, { location: 'http://169.254.169.254/' });
      flood(response);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
});
const post = (now: number): Promise<void> =>
  postWebhook(
    'https://hooks.test/x',
    { id: 'apr_01K_requested', notice: noticeOf(approval({}), 'requested', never), put: 1_700_000_000_000 },
    null,
    { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't', now, gateway: 'notifier' },
  );

test('an answer without end is left as soon as it is known what it is', async () => {
  for (const [code, message] of [
    [200, null],
    [202, null],
    [302, 'status 302'],
    [500, 'status 500'],
  ] as const) {
    status = code;
    answered = 0;
    await (message === null ? post(1_700_000_000_000) : assert.rejects(post(1_700_000_000_000), { message }));
    assert.ok(answered < 32 << 20, `${answered}`);
  }
});

test('what is sent again is the same, byte by byte', async () => {
  status = 200;
  bodies.length = 0;
  await post(1_700_000_000_000);
  await post(1_700_000_600_000);
  assert.equal(bodies[0], bodies[1]);
  assert.match(bodies[0]!, /"timestamp":"2023-11-14T22:13:20\.000Z"/);
});
