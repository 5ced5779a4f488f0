/** Squid with TLS interception: another language, and a general-purpose proxy. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cores, listening, start } from './processes.js';
import { hostsOf, type Stage, type Target } from './targets.js';

const certgen = '/usr/lib/squid/security_file_certgen';

/** Squid with TLS interception (Debian's squid-openssl); a sentence if it isn't installed. */
export async function squid(stage: Stage, port: number): Promise<Target | string> {
  if (!existsSync('/usr/sbin/squid') || !existsSync(certgen))
    return 'squid is left out: it is not installed (apt install squid-openssl).';
  const dir = join(stage.dir, 'squid');
  mkdirSync(dir);
  // Started by root, squid becomes the user "proxy".
  chmodSync(stage.dir, 0o755);
  chmodSync(dir, 0o777);
  const ca = join(dir, 'ca.pem');
  const subject = [
    '-subj',
    '/CN=bench',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign',
  ];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      ca,
      '-out',
      `${ca}.crt`,
      '-days',
      '2',
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(ca, readFileSync(`${ca}.crt`), { flag: 'a' });
  const upstreamCa = join(dir, 'upstream.pem');
  writeFileSync(upstreamCa, readFileSync(stage.upstreamCa));
  writeFileSync(
    join(dir, 'hosts'),
    hostsOf(stage)
      .map(name => `127.0.0.1 ${name}\n`)
      .join(''),
  );
  writeFileSync(
    join(dir, 'squid.conf'),
    `
    http_port 127.0.0.1:${port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert=${ca}
    sslcrtd_program ${certgen} -s ${dir}/certificates -M 4MB
    sslcrtd_children 1 startup=1
    tls_outgoing_options cafile=${upstreamCa}
    ssl_bump bump all
    http_access allow all
    hosts_file ${dir}/hosts
    cache deny all
    access_log none
    cache_log ${dir}/cache.log
    pid_filename ${dir}/squid.pid
    shutdown_lifetime 0 seconds
    visible_hostname bench
  `.replaceAll(/^ +/gm, ''),
  );
  for (const file of [ca, `${ca}.crt`, upstreamCa, join(dir, 'hosts'), join(dir, 'squid.conf')]) chmodSync(file, 0o644);
  execFileSync(certgen, ['-c', '-s', join(dir, 'certificates'), '-M', '4MB'], { stdio: 'ignore' });
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'proxy', dir]);
  const child = start(cores.measured, ['/usr/sbin/squid', '-N', '-f', join(dir, 'squid.conf')]);
  if (!(await listening(port))) return `squid is left out: it did not start (see ${dir}/cache.log).`;
  const host = 'api.github.com';
  const tunnel = { target: `${host}:${stage.upstreamPort}`, authorization: null };
  return { name: 'squid', pid: child.pid!, way: { port, tunnel, servername: host, ca: `${ca}.crt` } };
}
