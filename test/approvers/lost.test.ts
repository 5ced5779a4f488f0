/** An approver is added, and the answer is lost: a key that was registered is not thrown away, and one that wasn't is. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, tfProgram } from '../world.js';

/** Adds somebody at a proxy that takes the order and dies; `kept`: what it did before. Resolves with the code and the key file. */
async function addAt(kept: boolean) {
  const home = mkdtempSync(join(tmpdir(), 'tf-lost-'));
  const all: object[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      if (request.method === 'GET') return void response.end(JSON.stringify(all));
      if (kept) all.push({ ...JSON.parse(Buffer.concat(chunks).toString()), key: 'key_1' });
      request.socket.destroy();
    });
  });
  await new Promise<void>(resolve => server.listen(join(home, 'control.sock'), resolve));
  const file = join(home, 'alice.key');
  try {
    const env = { TF_HOME: home, TF_RUN: '' };
    const words = [tfProgram, 'approver', 'add', 'alice', '--no-passphrase', '--key', file];
    const { code, stdout } = await runProgram(process.execPath, words, { env });
    const pem = existsSync(file) ? createPublicKey(readFileSync(file)).export({ type: 'spki', format: 'pem' }) : null;
    return { code, stdout, pem, all: all as { public_key: string }[] };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(home, { recursive: true });
  }
}

test('the private key of an approver stays if the proxy registered him and died before it said so', async () => {
  const { code, stdout, pem, all } = await addAt(true);
  assert.equal(code, 0);
  assert.match(stdout, /alice may approve now, with key_1/);
  assert.equal(pem, all[0]!.public_key);
});

test('no private key stays of an approver whom the proxy has not registered', async () => {
  const { code, pem } = await addAt(false);
  assert.equal(code, 1);
  assert.equal(pem, null);
});
