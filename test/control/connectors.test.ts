/** Connectors of the operator's own, while the proxy runs. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { openWorld, tfProgram } from '../world.js';

const description = {
  openapi: '3.0.3',
  info: { title: 'Acme', version: '1' },
  servers: [{ url: 'https://api.acme.dev' }],
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Acme-Key' } } },
  paths: { '/widgets/{id}': { get: { operationId: 'widgets/get' }, delete: { operationId: 'widgets/delete' } } },
};

for (const [workers, where] of [
  [1, 'a running proxy'],
  [2, 'every worker of a running proxy'],
] as const) {
  test(`an API that is imported is known to ${where} at once, with its credentials`, { timeout: 90_000 }, async () => {
    const world = await openWorld({ hosts: ['api.acme.dev'], config: `workers: ${workers}` });
    try {
      await world.ok(['gateway', 'create', 'agent']);
      await world.ok(['permissions', 'set', '--gateway', 'agent', '--action', 'acme.widgets.get', '--effect', 'allow']);
      const get = (...args: string[]) =>
        world.tf(['run', '--', 'agent', 'curl', '-sS', ...args, 'https://api.acme.dev/widgets/7']);
      assert.match((await get()).stdout, /"code":"denied".*http\.get/);
      const file = join(world.dir, 'acme.json');
      writeFileSync(file, JSON.stringify(description));
      assert.match(await world.ok(['connector', 'import', file, '--name', 'acme']), /The proxy uses it from now on/);
      await world.ok(['secret', 'set', 'acme-key', '--connector', 'acme'], { input: 'acme_secret_0123456789' });
      // More often than there are workers.
      for (let i = 0; i < 4; i++) assert.match((await get()).stdout, /"method":"GET"/);
      assert.equal(world.received.length, 4);
      for (const { headers } of world.received) assert.equal(headers['x-acme-key'], 'acme_secret_0123456789');
      assert.match((await get('-X', 'DELETE')).stdout, /"code":"denied".*acme\.widgets\.delete/);
      assert.ok((await entries(world)).some(({ type }) => type === 'connector.reloaded'));
    } finally {
      await world.close();
    }
  });
}

test('a connector that can not be used is refused, and what was known stays known', { timeout: 60_000 }, async () => {
  const world = await openWorld({ hosts: ['api.acme.dev'] });
  try {
    await world.ok(['gateway', 'create', 'agent']);
    const file = join(world.dir, 'acme.json');
    writeFileSync(file, JSON.stringify(description));
    await world.ok(['connector', 'import', file, '--name', 'acme']);
    const again = await world.tf(['connector', 'import', file, '--name', 'other']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /the host api\.acme\.dev is served by acme already/);
    const explained = await world.ok(['explain', 'GET', 'https://api.acme.dev/widgets/7', '--gateway', 'agent']);
    assert.match(explained, /acme\.widgets\.get/);
    const words = ['connector', 'import', file, '--name', 'acme', '--scheme', 'bearer', '--force'];
    const inside = await world.tf(['run', '--', 'agent', process.execPath, tfProgram, ...words]);
    assert.equal(inside.code, 3, inside.stderr);
    assert.match(await world.ok(['connector', 'list']), /acme .*header:X-Acme-Key/);
  } finally {
    await world.close();
  }
});

test('a connector file that was edited counts once the proxy is told, and one with a fault changes nothing', {
  timeout: 60_000,
}, async () => {
  const world = await openWorld({ hosts: ['api.acme.dev'] });
  try {
    await world.ok(['gateway', 'create', 'agent']);
    const file = join(world.dir, 'acme.json');
    writeFileSync(file, JSON.stringify(description));
    await world.ok(['connector', 'import', file, '--name', 'acme']);
    const own = join(world.home, 'connectors', 'acme.yaml');
    const explain = () => world.ok(['explain', 'DELETE', 'https://api.acme.dev/widgets/7', '--gateway', 'agent']);
    const edit = (from: string, to: string) => writeFileSync(own, readFileSync(own, 'utf8').replaceAll(from, to));
    edit('widgets.delete', 'widgets.scrap');
    assert.match(await world.ok(['connector', 'reload']), /The proxy uses the files as they are now/);
    assert.match(await explain(), /acme\.widgets\.scrap/);
    edit('action: widgets.scrap', 'action: "Scrap It"');
    const refused = await world.tf(['connector', 'reload']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /"Scrap It"/);
    assert.match(await explain(), /acme\.widgets\.scrap/);
  } finally {
    await world.close();
  }
});
