/** Fuzz: the head of a request. What is read and printed again is read as the same. */
import assert from 'node:assert/strict';
import { Refusal } from '../../src/errors.js';
import { decode, type Head } from '../../src/http/decode.js';
import { printAuthority, printTarget } from '../../src/http/target.js';
import { type Target, unlessRefused } from '../target.js';

const tunnel = { scheme: 'https', host: 'api.test', port: 443 } as const;

/** The first line is method and target, the others are fields; a line `!` at the end stands for a tunnel. */
function read(text: string): Head {
  const lines = text.split('\n');
  const inTunnel = lines.at(-1) === '!';
  if (inTunnel) lines.pop();
  const [start = '', ...rest] = lines;
  const space = start.indexOf(' ');
  const rawHeaders = rest.flatMap(line => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return decode({
    method: space < 0 ? start : start.slice(0, space),
    target: space < 0 ? '' : start.slice(space + 1),
    rawHeaders,
    tunnel: inTunnel ? tunnel : null,
    sni: inTunnel ? tunnel.host : null,
  });
}

function print(head: Head): string {
  const lines = [
    `${head.method} ${head.scheme}://${printAuthority(head)}${printTarget(head.path, head.query)}`,
    ...head.fields.map(([name, value]) => `${name}:${value}`),
    `Host:${printAuthority(head)}`,
  ];
  if (head.bodied) lines.push('Transfer-Encoding:chunked');
  if (head.expects) lines.push('Expect:100-continue');
  if (head.upgrade !== null) lines.push('Connection:upgrade', `Upgrade:${head.upgrade}`);
  return lines.join('\n');
}

const hidden = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|host|content-length|proxy-.*)$/i;

export const head: Target = {
  name: 'head',
  seeds: [
    'GET http://api.test/a?b=c\nHost: api.test\nAccept: */*',
    'POST /a\nHost: api.test\nContent-Length: 5\nContent-Type: application/json; charset=utf-8\n!',
    'POST https://api.test:8443/\nHost: api.test:8443\nTransfer-Encoding: chunked\nContent-Encoding: gzip, br\nExpect: 100-continue',
    'GET /ws\nHost: api.test\nConnection: keep-alive, Upgrade\nUpgrade: websocket\nX-Token: 1\n!',
    'DELETE /x\nhost: api.test:443\nConnection: X-Hop\nX-Hop: 1\nCookie: a=b\nCookie: c=d\n!',
  ],
  tokens: [
    ...['\n', ':', ' ', ',', 'Host: api.test', 'Host: other.test', 'Content-Length: 0', 'Content-Length: 1', 'chunked'],
    ...['Transfer-Encoding: chunked', 'Connection: ', 'upgrade', 'Upgrade: h2c', 'Content-Type: ', 'http://', 'wss://'],
    ...['Content-Encoding: ', 'identity', 'gzip', '\r', '\0', '@', ':443', ':80', '#', '%2e', '//', '..', 'TRACE', '!'],
  ],
  run(input) {
    const found = unlessRefused(() => read(input.toString('latin1')), Refusal);
    if (found === null) return 'refused';
    assert.ok(found.fields.every(([name, value]) => !hidden.test(name) && !/[\0\r\n]/.test(name + value)));
    // What is printed has a few fields more: Host, and what is said anew of the framing.
    if (found.fields.length < 95) assert.deepEqual(read(print(found)), found);
    return `${found.scheme} ${found.bodied} ${found.expects} ${found.upgrade} ${found.codings.length} ${found.fields.length}`;
  },
};
