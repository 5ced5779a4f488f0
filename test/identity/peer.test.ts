import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { inodeIn, isLocal, strangerAt } from '../../src/identity/peer.js';
import { footprint, processes } from '../../src/identity/processes.js';
import type { Inhabited } from '../../src/identity/standing.js';

const lines = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 12 1 0 20 4 0 10 -1
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 13 1 0 20 4 0 10 -1
`;
const six = `   3: 0000000000000000FFFF00000100007F:C351 0000000000000000FFFF00000100007F:1F90 01 0:0 00:0 0  1000        0 14 1 0
   4: 00000000000000000000000001000000:C352 00000000000000000000000001000000:1F90 01 0:0 00:0 0  1000        0 15 1 0
`;
const ends = (remoteAddress: string, remotePort: number, localAddress = remoteAddress) => ({
  remoteAddress,
  remotePort,
  localAddress,
  localPort: 8080,
});

test("the other end's socket is found in the kernel's tables, in IPv4, mapped and IPv6, and never our own end", () => {
  assert.equal(inodeIn(lines, ends('127.0.0.1', 50_000), false), '13');
  assert.equal(inodeIn(lines, ends('::ffff:127.0.0.1', 50_000), false), '13');
  assert.equal(inodeIn(lines, ends('127.0.0.1', 50_001), false), null);
  assert.equal(inodeIn(six, ends('127.0.0.1', 50_001), true), '14');
  assert.equal(inodeIn(six, ends('::1', 50_002), true), '15');
  assert.deepEqual(
    ['127.0.0.1', '::ffff:127.8.8.8', '::1', '10.0.0.1', '::ffff:10.0.0.1', ''].map(remoteAddress =>
      isLocal({ remoteAddress }),
    ),
    [true, true, true, false, false, false],
  );
});

/** A process that connects, and waits. */
async function client(port: number): Promise<{ readonly pid: number; end(): void }> {
  const program = `require('net').connect(${port}, '127.0.0.1').on('connect', () => console.log('there')); process.stdin.on('end', () => process.exit()).resume()`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return { pid: child.pid!, end: () => child.stdin!.end() };
}

const runOf = (id: string, pid: number, parents: readonly string[] = []): Inhabited => ({
  id,
  pid,
  runs: [...parents, id],
  footprint: footprint(pid)!,
});

test('a connection of a real process is told from that of another run, and of a run below', {
  skip: !processes.known,
}, async () => {
  const sockets: Socket[] = [];
  const server = createServer(socket => void sockets.push(socket));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const one = await client(port);
  const two = await client(port);
  const own = connect(port, '127.0.0.1');
  await once(own, 'connect');
  try {
    const first = runOf('first', one.pid);
    const second = runOf('second', two.pid);
    const child = runOf('child', two.pid, ['first']);
    assert.equal(await strangerAt(sockets[0]!, first, [first, second]), null);
    assert.equal(await strangerAt(sockets[1]!, first, [first, second]), 'second');
    assert.equal(await strangerAt(sockets[0]!, second, [first, second]), 'first');
    // A parent may use what its child may do less with; a child may not use its parent's.
    assert.equal(await strangerAt(sockets[0]!, child, [first, child]), null);
    assert.equal(await strangerAt(sockets[1]!, first, [first, child]), 'child');
    // Of nobody's run: an operator with curl.
    assert.equal(await strangerAt(sockets[2]!, first, [first, second]), null);
  } finally {
    one.end();
    two.end();
    own.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
