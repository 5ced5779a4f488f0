/** A client that reads nothing of most of its streams: the others of its session go on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import { ask, echo, openSession, openStand } from './stand.js';

const block = Buffer.alloc(64 << 10, 'z');
const flood = (to: Writable): void => {
  to.on('error', () => {});
  const more = (): void => void (to.destroyed || to.write(block, error => error || more()));
  more();
};

test('streams that nobody reads hold up neither their session nor that to the upstream', async () => {
  const stand = await openStand(
    (stream, headers, flags) => {
      if (headers[':path'] !== '/flood') return echo(stream, headers, flags);
      stream.respond({ ':status': 200 });
      flood(stream);
    },
    {
      intercept(request, response) {
        if (request.url !== '/flood') return false;
        response.writeHead(200);
        flood(response);
        return true;
      },
    },
  );
  try {
    for (const host of ['two.test', 'upstream.test']) {
      const session = await openSession(stand.agent, { connect: `${host}:443` });
      const unread = Array.from({ length: 98 }, () => session.request({ ':path': '/flood' }));
      await Promise.all(unread.map(stream => once(stream, 'response')));
      let reset = 0;
      for (const stream of unread) stream.on('error', () => (reset += 1));
      for (let n = 0; n < 5; n++) {
        const { headers, reset: code } = await ask(session, { ':path': `/small/${n}` });
        assert.deepEqual([headers[':status'], code], [200, 0], `${host} ${n}`);
        await new Promise(resolve => setTimeout(resolve, 100));
      }
      assert.equal(reset, 0);
      session.destroy();
    }
  } finally {
    await stand.close();
  }
});
