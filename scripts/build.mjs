/** Builds Tollfence: compiles everything to dist/, and checks that connectors stay pure. `node scripts/build.mjs` */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { prepareSqlite } from './sqlite.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}node_modules/typescript/bin/tsc`;

if (!existsSync(tsc)) {
  console.error('error: TypeScript is not installed.\n  Run: npm ci');
  process.exit(1);
}

for (const [what, args] of [
  ['compiling', ['-p', root]],
  ['checking that connectors touch nothing', ['-p', `${root}connectors`]],
  ['printing the types of the SDK', ['-p', `${root}src/sdk`]],
]) {
  console.error(`build: ${what}`);
  if (what === 'compiling') rmSync(`${root}dist`, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [tsc, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
chmodSync(`${root}dist/bin/tf.js`, 0o755);

// What was built can't run without it; after the compiler, whose errors are there sooner.
const sqlite = await prepareSqlite();
if (sqlite !== null) {
  console.error(`error: ${sqlite[0]}\n  ${sqlite[1].replaceAll('\n', '\n  ')}`);
  process.exit(1);
}
