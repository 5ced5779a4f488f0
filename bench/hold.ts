/** Holds connections open: each has had its handshake and one answer. A process of its own; says when all are there. */
import { exchange, type Load, open } from './load.js';

const load = JSON.parse(process.argv[2]!) as Load;
const host = load.tunnel === null ? load.servername : load.tunnel.target.replace(/:443$/, '');
const held = [];
// Some at a time: what is measured is what they take when they are there, not how fast they can come.
while (held.length < load.connections) {
  const some = Math.min(50, load.connections - held.length);
  held.push(
    ...(await Promise.all(
      Array.from({ length: some }, async () => {
        const socket = await open(load);
        await exchange(socket, `GET /repos/acme/site/issues/7 HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        return socket;
      }),
    )),
  );
}
process.send!('held');
