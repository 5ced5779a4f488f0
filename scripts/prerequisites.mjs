/** What Tollfence needs of this machine, checked before anything is built or run: every fault at once, with what to do. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { prepareSqlite } from './sqlite.mjs';

/** The repository, with a slash at the end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** As `engines` of package.json says it. */
function nodeFault(version) {
  const [major, minor] = version.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 14) || major > 22) return [];
  return [
    `Node.js is ${version}, and 20.19, 22.14 or later is needed.`,
    'Install it from https://nodejs.org, then: npm ci',
  ];
}

function modulesFault() {
  if (existsSync(`${root}node_modules/typescript/bin/tsc`)) return [];
  return ['The dependencies are not installed.', 'Run: npm ci'];
}

async function loopbackFault() {
  try {
    const server = createServer();
    await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    await new Promise(resolve => server.close(resolve));
    return [];
  } catch (error) {
    return [
      `No port of 127.0.0.1 can be opened: ${error.message}`,
      'The proxy and the stand-ins listen there: allow it.',
    ];
  }
}

/** Ends the process with 1, after naming everything that is missing; returns if nothing is. */
export async function demandPrerequisites() {
  const faults = [nodeFault(process.versions.node), modulesFault(), await loopbackFault()].filter(
    fault => fault.length > 0,
  );
  // Without Node.js and the modules in place there is nothing to compile.
  const sqlite = faults.length === 0 ? await prepareSqlite() : null;
  if (sqlite !== null) faults.push(sqlite);
  if (faults.length === 0) return;
  for (const [what, next] of faults) console.error(`error: ${what}\n  ${next.replaceAll('\n', '\n  ')}`);
  process.exit(1);
}

/** Builds dist/. Ends the process with 1 if it can't be built: the compiler has said why. */
export function build() {
  const { status } = spawnSync(process.execPath, [`${root}scripts/build.mjs`], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
