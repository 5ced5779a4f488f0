/** mitmproxy, as `mitmdump`: another interceptor of TLS, in Python. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores, listening, start } from './processes.js';
import type { Stage, Target } from './targets.js';

const program = '/usr/bin/mitmdump';

/** mitmdump that keeps nothing and prints nothing; a sentence if it isn't installed. */
export async function mitmproxy(stage: Stage, port: number): Promise<Target | string> {
  if (!existsSync(program)) return 'mitmproxy is left out: it is not installed (apt install mitmproxy).';
  const dir = join(stage.dir, 'mitmproxy');
  mkdirSync(dir);
  // All names are the stand-in upstream, as with the others; name and chain are verified all the same.
  const script = join(dir, 'upstream.py');
  writeFileSync(script, `def server_connect(data):\n    data.server.address = ("127.0.0.1", ${stage.upstreamPort})\n`);
  const settings = [
    `confdir=${dir}`,
    'connection_strategy=lazy',
    'http2=false',
    `ssl_verify_upstream_trusted_ca=${stage.upstreamCa}`,
  ];
  const child = start(cores.measured, [
    program,
    '-q',
    '-p',
    String(port),
    '--listen-host',
    '127.0.0.1',
    ...settings.flatMap(each => ['--set', each]),
    '-s',
    script,
  ]);
  if (!(await listening(port))) return 'mitmproxy is left out: it did not start (BENCH_VERBOSE=1 shows its output).';
  const tunnel = { target: 'api.github.com:443', authorization: null };
  const ca = join(dir, 'mitmproxy-ca-cert.pem');
  return { name: 'mitmproxy', pid: child.pid!, way: { port, tunnel, servername: 'api.github.com', ca } };
}
