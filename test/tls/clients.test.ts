/** Leaves before the strictest clients at hand: each completes a handshake, and none accepts another name. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { trustStore, trustStorePassword } from '../../src/tls/trust-store.js';
import { authorityIn, directory, server } from './place.js';

const hosts = [
  'api.example.com',
  'xn--bcher-kva.example',
  '192.0.2.7',
  '2001:db8::7',
  'with_underscore.example',
  `${'a.'.repeat(120)}example`,
];

/** True if the program can be started; otherwise the test is skipped, and says why. */
function has(t: TestContext, program: string, ...version: string[]): boolean {
  const found = spawnSync(program, version, { stdio: 'ignore' }).status === 0;
  if (!found) t.skip(`${program} is not on this machine: not run`);
  return found;
}

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number, output };
}

test('OpenSSL in strict mode verifies a leaf for its host, and for no other', async t => {
  if (!has(t, 'openssl', 'version')) return;
  const authority = authorityIn(t);
  const dir = directory(t);
  writeFileSync(join(dir, 'root.pem'), authority.certificatePem);
  const verify = (file: string, flag: string, name: string) =>
    run('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      flag,
      name,
      '-CAfile',
      join(dir, 'root.pem'),
      '-no-CApath',
      file,
    ]);
  for (const [i, host] of hosts.entries()) {
    const file = join(dir, `${i}.pem`);
    writeFileSync(file, authority.leafFor(host).certificatePem);
    const flag = /^[0-9.]+$|:/.test(host) ? '-verify_ip' : '-verify_hostname';
    const { code, output } = await verify(file, flag, host);
    assert.equal(code, 0, output);
  }
  assert.notEqual((await verify(join(dir, '0.pem'), '-verify_hostname', 'www.example.com')).code, 0);
  assert.notEqual((await verify(join(dir, '2.pem'), '-verify_ip', '192.0.2.8')).code, 0);
});

async function handshake(port: number, ca: string, servername: string, host = servername): Promise<TLSSocket> {
  const sni = /^[0-9.]+$|:/.test(servername) ? '' : servername;
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca,
    servername: sni,
    checkServerIdentity: (_, c) => checkServerIdentity(host, c),
  });
  await once(socket, 'secureConnect');
  return socket;
}

test('Node completes a handshake with TLS 1.3 for every kind of host, and refuses another name', async t => {
  const authority = authorityIn(t);
  // Some releases of Node compare IPv6 addresses wrongly, so that one is left to the other clients.
  for (const host of hosts.filter(name => !name.includes(':'))) {
    const socket = await handshake(await server(t, authority, host), authority.certificatePem, host);
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    socket.destroy();
  }
  const port = await server(t, authority, 'api.example.com');
  await assert.rejects(handshake(port, authority.certificatePem, 'www.example.com'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  await assert.rejects(handshake(port, authorityIn(t).certificatePem, 'api.example.com'), /certificate|issuer/);
});

test('a TLS session begun with one host is not resumed with another', async t => {
  const authority = authorityIn(t);
  const [one, other] = [await server(t, authority, 'one.example'), await server(t, authority, 'other.example')];
  const first = connect({ host: '127.0.0.1', port: one, ca: authority.certificatePem, servername: 'one.example' });
  const tickets = once(first, 'session');
  first.write('GET / HTTP/1.1\r\nHost: one.example\r\n\r\n');
  const [session] = (await tickets) as [Buffer];
  first.destroy();
  const reused = async (port: number, servername: string): Promise<boolean> => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.certificatePem, servername, session });
    await once(socket, 'secureConnect');
    const answer = socket.isSessionReused();
    socket.destroy();
    return answer;
  };
  assert.equal(await reused(one, 'one.example'), true);
  assert.equal(await reused(other, 'other.example'), false);
});

test('Python with VERIFY_X509_STRICT completes a handshake, and refuses another name', async t => {
  if (!has(t, 'python3', '--version')) return;
  const authority = authorityIn(t);
  const file = join(directory(t), 'root.pem');
  writeFileSync(file, authority.certificatePem);
  const program = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as raw:
    with context.wrap_socket(raw, server_hostname=sys.argv[3]) as s:
        print(s.version())
`;
  const attempt = (port: number, name: string) => run('python3', ['-c', program, file, String(port), name]);
  for (const host of hosts) {
    const { code, output } = await attempt(await server(t, authority, host), host);
    assert.equal(code, 0, `${host}: ${output}`);
  }
  const port = await server(t, authority, 'xn--bcher-kva.example');
  assert.equal((await attempt(port, 'bücher.example')).code, 0);
  assert.match((await attempt(port, 'api.example.com')).output, /Hostname mismatch/);
});

test('curl completes a handshake, and refuses another name', async t => {
  if (!has(t, 'curl', '--version')) return;
  const authority = authorityIn(t);
  const file = join(directory(t), 'root.pem');
  writeFileSync(file, authority.certificatePem);
  const attempt = (port: number, host: string) =>
    run('curl', ['-sS', '--noproxy', '*', '--cacert', file, '--connect-to', `::127.0.0.1:${port}`, `https://${host}/`]);
  for (const host of ['api.example.com', 'xn--bcher-kva.example', '192.0.2.7', '2001:db8::7']) {
    const { code, output } = await attempt(await server(t, authority, host), host.includes(':') ? `[${host}]` : host);
    assert.deepEqual({ code, output }, { code: 0, output: 'tollfence' }, host);
  }
  assert.equal((await attempt(await server(t, authority, 'api.example.com'), 'www.example.com')).code, 60);
});

test('Java with our trust store completes a handshake, and refuses another name', async t => {
  if (!has(t, 'javac', '-version')) return;
  const authority = authorityIn(t);
  const dir = directory(t);
  writeFileSync(join(dir, 'trust.p12'), trustStore([authority.certificatePem]));
  writeFileSync(
    join(dir, 'Probe.java'),
    `import javax.net.ssl.*;
     public class Probe {
       public static void main(String[] args) throws Exception {
         for (int i = 0; i < args.length; i += 2) {
           java.net.Socket raw = new java.net.Socket("127.0.0.1", Integer.parseInt(args[i]));
           SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
           SSLSocket socket = (SSLSocket) factory.createSocket(raw, args[i + 1], 443, true);
           SSLParameters parameters = socket.getSSLParameters();
           parameters.setEndpointIdentificationAlgorithm("HTTPS");
           socket.setSSLParameters(parameters);
           try { socket.startHandshake(); System.out.println("yes " + args[i + 1]); }
           catch (SSLHandshakeException e) { System.out.println("no " + args[i + 1] + " " + e.getMessage()); }
         }
       }
     }`,
  );
  // Java's own DNSName takes no underscore.
  const taken = hosts.filter(host => !host.includes('_'));
  const ports = await Promise.all(taken.map(host => server(t, authority, host)));
  const pairs = [...taken.flatMap((host, i) => [String(ports[i]), host]), String(ports[0]), 'www.example.com'];
  const trust = ['-Djavax.net.ssl.trustStoreType=PKCS12', `-Djavax.net.ssl.trustStorePassword=${trustStorePassword}`];
  const { output } = await run('java', [
    `-Djavax.net.ssl.trustStore=${join(dir, 'trust.p12')}`,
    ...trust,
    join(dir, 'Probe.java'),
    ...pairs,
  ]);
  for (const host of taken) assert.ok(output.includes(`yes ${host}\n`), output);
  assert.match(output, /no www\.example\.com No subject alternative DNS name matching/);
});
