/**
 * `tf policy`: Rego in, WebAssembly out. Building, testing and checking need no proxy; what is in force is asked of it,
 * and changed only by the operator.
 */
import type { Command } from 'commander';
import { exitCode, Fault } from '../../src/errors.js';
import { json, line, note, table } from '../print.js';

/** What `GET /policy` answers. */
interface Active {
  /** Digest of module and data: `policy_sha256` of decisions. */
  readonly sha256: string;
  readonly wasm_sha256: string;
  /** `default`, or where the operator's policy came from. */
  readonly source: string;
  readonly permissions: number;
}

interface Checked {
  readonly wasm: Uint8Array;
  readonly digest: string;
  /** What the policy says to a sample question. */
  readonly effect: string;
  readonly rule: string;
  readonly reason: string;
}

/** Adds `tf policy`. */
export default function policy(program: Command): void {
  const command = program
    .command('policy')
    .description('write, test and activate a policy in Rego')
    .addHelpText('after', '\nExample:\n  tf policy test policies/ && tf policy activate policies/');

  command
    .command('build')
    .argument('<path>', 'directory of Rego files, or one file')
    .option('-o, --output <file>', 'where to write the module', 'policy.wasm')
    .option('--json', 'print one JSON document')
    .description('compile Rego into a WebAssembly module')
    .addHelpText('after', '\nExample:\n  tf policy build policies/ -o policy.wasm')
    .action(async (path: string, options: { output: string; json?: boolean }) => {
      const { writeFile } = await import('node:fs/promises');
      const { wasm, digest } = await built(path);
      await writeFile(options.output, wasm).catch((error: Error) => {
        throw new Fault(exitCode.failed, `${options.output} cannot be written: ${error.message}.`);
      });
      if (options.json) json({ file: options.output, bytes: wasm.length, sha256: digest });
      else line(`${options.output}  ${wasm.length} bytes  sha256 ${digest}`);
    });

  command
    .command('test')
    .argument('<directory>', 'directory of Rego files and their tests')
    .option('--json', 'print one JSON document')
    .description('run the Rego tests of a directory')
    .addHelpText('after', '\nExample:\n  tf policy test policies/')
    .action(async (directory: string, options: { json?: boolean }) => {
      const { testPolicy } = await import('../../src/policy/compiler.js');
      const { passed, report } = await testPolicy(directory);
      if (options.json) json({ passed, report });
      else line(report);
      if (!passed)
        throw new Fault(
          exitCode.failed,
          'The tests of the policy did not pass.',
          'A policy without tests has not passed either.',
        );
    });

  command
    .command('check')
    .argument('<path>', 'directory of Rego files, or a built module')
    .option('--json', 'print one JSON document')
    .description('see whether a policy could be activated; changes nothing')
    .addHelpText('after', '\nExample:\n  tf policy check policies/')
    .action(async (path: string, options: { json?: boolean }) => {
      const { digest, effect, rule, reason } = await check(path);
      if (options.json) json({ ok: true, wasm_sha256: digest, sample: { effect, rule, reason } });
      else {
        line(`The policy can be activated: sha256 ${digest}.`);
        line(`To a sample question, a GET by a gateway without permissions, it says ${effect} (${rule}: ${reason})`);
      }
      if (effect === 'allow') note('It allows that without any permission: make sure that you want it to.');
    });

  command
    .command('show')
    .option('--json', 'print one JSON document')
    .description('the policy in force')
    .addHelpText('after', '\nExample:\n  tf policy show --json')
    .action(async (options: { json?: boolean }) => {
      const active = (await request('GET', '/policy')) as Active;
      if (options.json) json(active);
      else {
        const row = [
          active.source,
          String(active.permissions),
          active.wasm_sha256.slice(0, 16),
          active.sha256.slice(0, 16),
        ];
        table(['SOURCE', 'PERMISSIONS', 'MODULE', 'DIGEST'], [row]);
      }
    });

  command
    .command('activate')
    .argument('[path]', 'directory of Rego files, or a built module')
    .option('--default', 'go back to the policy that Tollfence ships')
    .option('--json', 'print one JSON document')
    .description('put a policy in force, for the next request')
    .addHelpText('after', '\nExample:\n  tf policy activate policies/')
    .action(async (path: string | undefined, options: { default?: boolean; json?: boolean }) => {
      if ((path === undefined) === !options.default) {
        throw new Fault(exitCode.usage, 'Name either a policy or --default.', 'tf policy activate policies/');
      }
      const { resolve } = await import('node:path');
      const wasm = path === undefined ? null : Buffer.from((await check(path)).wasm).toString('base64');
      const source = path === undefined ? 'default' : resolve(path);
      const active = (await request('PUT', '/policy', { wasm, source })) as Active;
      if (options.json) json(active);
      else line(`In force from the next request on: ${active.source}, digest ${active.sha256}.`);
    });
}

async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const { call } = await import('../control.js');
  return call(method, path, body);
}

async function built(path: string): Promise<{ readonly wasm: Uint8Array; readonly digest: string }> {
  const { buildPolicy } = await import('../../src/policy/compiler.js');
  const slow = setTimeout(() => note('Compiling …'), 1000);
  return buildPolicy(path).finally(() => clearTimeout(slow));
}

/** Compiles if need be, loads, and asks a sample question. Throws a Fault unless the answer is one. */
async function check(path: string): Promise<Checked> {
  const { wasm, digest } = path.endsWith('.wasm') ? await readModule(path) : await built(path);
  const { openPolicy, toData } = await import('../../src/policy/index.js');
  const policy = await openPolicy({ data: toData([], []) });
  try {
    const { effect, rule, reason } = await policy.replace(wasm);
    return { wasm, digest, effect, rule, reason };
  } finally {
    await policy.close();
  }
}

async function readModule(path: string): Promise<{ readonly wasm: Uint8Array; readonly digest: string }> {
  const { readFile } = await import('node:fs/promises');
  const { sha256 } = await import('../../src/policy/index.js');
  const wasm = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Fault(
      error.code === 'ENOENT' ? exitCode.missing : exitCode.failed,
      `${path} cannot be read: ${error.message}.`,
    );
  });
  return { wasm, digest: sha256(wasm) };
}
