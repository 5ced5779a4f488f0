/**
 * SQLite: better-sqlite3 is the only dependency that must be compiled (or fetched compiled). Installing runs no scripts
 * (.npmrc), so that is done here, once, for the Node.js that runs this. `node scripts/sqlite.mjs`
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Why better-sqlite3 can't be loaded, or null. In a process of its own: what failed to load once isn't tried again. */
function fault() {
  const program =
    "try { new (require('better-sqlite3'))(':memory:') } catch (error) { console.error(error.message); process.exit(1) }";
  const { status, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' });
  return status === 0 ? null : stderr.trim().split('\n', 1)[0];
}

/** Where this Node.js has its own headers, so that they needn't be fetched; undefined if it has none. */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const file = join(prefix, 'include/node/node_version.h');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const part = name => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  return [part('MAJOR'), part('MINOR'), part('PATCH')].join('.') === process.versions.node ? prefix : undefined;
}

/** Resolves to the exit code and output of npm. */
function rebuild() {
  const nodedir = process.env.npm_config_nodedir ?? headers();
  const env = {
    ...process.env,
    npm_config_ignore_scripts: 'false',
    ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }),
  };
  const child = spawn('npm', ['rebuild', 'better-sqlite3', '--ignore-scripts=false'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const began = Date.now();
  const timer = setInterval(() => console.error(`sqlite: … ${Math.round((Date.now() - began) / 1000)} s`), 10_000);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text));
  return new Promise(resolve => {
    const end = code => {
      clearInterval(timer);
      resolve({ code, output });
    };
    child.once('error', error => {
      output += error.message;
      end(1);
    });
    child.once('close', end);
  });
}

/** Makes sure that SQLite can be loaded. Resolves to null, or to what is wrong and what to do. */
export async function prepareSqlite() {
  try {
    createRequire(import.meta.url).resolve('better-sqlite3');
  } catch {
    return ['The dependencies are not installed.', 'Run: npm ci'];
  }
  if (fault() === null) return null;
  console.error('sqlite: fetching or compiling better-sqlite3, once; up to two minutes');
  const { code, output } = await rebuild();
  const still = fault();
  if (code === 0 && still === null) return null;
  const missing = ['c++', 'make', 'python3'].filter(tool => spawnSync(tool, ['--version']).error !== undefined);
  console.error(output.trimEnd().split('\n').slice(-30).join('\n'));
  return [
    `SQLite (better-sqlite3) can't be loaded: ${still}`,
    `It is compiled with a C++ compiler, make and Python 3.${missing.length === 0 ? '' : ` Not found here: ${missing.join(', ')}.`}\nThen run: node scripts/sqlite.mjs`,
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const wrong = await prepareSqlite();
  if (wrong !== null) {
    console.error(`error: ${wrong[0]}\n  ${wrong[1].replaceAll('\n', '\n  ')}`);
    process.exit(1);
  }
}
