/** An agent that looks everywhere: what it can see, it prints. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const show = (what: unknown): void =>
  void process.stdout.write(`${typeof what === 'string' ? what : JSON.stringify(what)}\n`);

show(process.env);
show(process.argv);
show(readFileSync('/proc/self/environ', 'latin1'));
for (const entry of readdirSync('.', { withFileTypes: true }))
  if (entry.isFile()) show(readFileSync(entry.name, 'latin1'));
show(execFileSync('ps', ['-ef', 'ww'], { encoding: 'latin1' }));
for (const way of ['whole', 'gzip', 'br', 'deflate', 'bytes', 'gzip-bytes', 'trailing']) {
  const response = await fetch(`https://api.github.com/repos/acme/site/issues?way=${way}`);
  show([...response.headers]);
  show(Buffer.from(await response.arrayBuffer()).toString('latin1'));
  show(`${way}: ${response.status}`);
}
