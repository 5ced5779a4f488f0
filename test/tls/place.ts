/** A place for tests of this room: a directory that vanishes, a clock that stands, and a TLS server with our leaves. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import { type CertificateAuthority, openAuthority } from '../../src/tls/authority.js';

export const noon = Date.parse('2026-11-20T12:00:00Z');
export const day = 86_400_000;

export function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tollfence-tls-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** An authority whose clock is the machine's, because the clients of these tests have no other. */
export const authorityIn = (t: TestContext, now: () => number = Date.now): CertificateAuthority =>
  openAuthority({ dir: join(directory(t), 'ca'), now, random: randomBytes });

/** Answers `tollfence` on a loopback port, with our leaf for `host`. */
export async function server(t: TestContext, authority: CertificateAuthority, host: string): Promise<number> {
  const web = createHttpServer((_, response) => response.end('tollfence'));
  const sockets = new Set<Socket>();
  const listener = createServer(socket => {
    sockets.add(socket);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: authority.contextFor(host) });
    secure.on('error', () => {});
    web.emit('connection', secure);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return (listener.address() as AddressInfo).port;
}
