/**
 * One loaded policy: a module that OPA compiled from Rego, in one WebAssembly instance. Whatever is wrong with it is
 * said when it is loaded; whatever it throws afterwards is thrown on as an Error.
 */
import { createRequire } from 'node:module';
import type { LoadedPolicy } from '@open-policy-agent/opa-wasm';
import { exitCode, Fault } from '../errors.js';

/** What the policy must answer. */
export const entrypoint = 'tollfence/decision';

/** Builtins that opa-wasm supplies in JavaScript; all others must be compiled into the module. */
const supplied: ReadonlySet<string> = new Set([
  'json.is_valid',
  'regex.split',
  'sprintf',
  'yaml.is_valid',
  'yaml.marshal',
  'yaml.unmarshal',
]);

const required = [
  'builtins',
  'entrypoints',
  'opa_eval',
  'opa_heap_ptr_get',
  'opa_heap_ptr_set',
  'opa_json_dump',
  'opa_json_parse',
  'opa_malloc',
  'opa_wasm_abi_version',
  'opa_wasm_abi_minor_version',
];

/** Memory of one instance in pages of 64 KiB: 64 MiB. */
const pages = 1024;

/** An instance. Not for concurrent use. */
export interface Instance {
  /** Replaces `data`, given as JSON text. */
  setData(json: string): void;
  /**
   * Evaluates the entry point for an input, given as JSON text; undefined if the policy has no answer.
   * Throws an Error if the policy traps; the next evaluation has a fresh instance.
   */
  evaluate(json: string): unknown;
}

/** Loads a policy. Throws a Fault that says what is wrong with it. */
export function loadWasm(wasm: Uint8Array): Instance {
  const module = compiled(wasm);
  let data = '{}';
  let loaded: LoadedPolicy | null = instantiate(module);
  for (const name of builtinsOf(loaded)) {
    if (!supplied.has(name)) {
      throw unfit(
        `it uses the builtin ${name}, which Tollfence does not supply`,
        'Time and chance are no builtins here: the time is in `input.context`.',
      );
    }
  }
  if (!Object.hasOwn(loaded.entrypoints as object, entrypoint)) {
    throw unfit(
      `it has no entry point ${entrypoint}`,
      'Define `decision` in `package tollfence` and build it with `tf policy build DIR`.',
    );
  }
  const ready = (): LoadedPolicy => {
    if (loaded) return loaded;
    const fresh = instantiate(module);
    fresh.setData(bytes(data));
    loaded = fresh;
    return fresh;
  };
  return {
    setData(json) {
      data = json;
      attempt(() => ready().setData(bytes(json)));
    },
    evaluate(json) {
      const [first] = attempt(() => ready().evaluate(bytes(json), entrypoint) as { result?: unknown }[]);
      return first?.result;
    },
  };

  /** opa-wasm throws strings and plain objects, and what trapped may have left its memory in any state. */
  function attempt<T>(act: () => T): T {
    try {
      return act();
    } catch (thrown) {
      loaded = null;
      throw new Error(said(thrown), { cause: thrown });
    }
  }
}

function compiled(wasm: Uint8Array): WebAssembly.Module {
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(new Uint8Array(wasm));
  } catch (thrown) {
    throw unfit(
      `it is not WebAssembly (${said(thrown)})`,
      'Build one from Rego with `tf policy build DIR -o policy.wasm`.',
    );
  }
  const exports = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  const absent = required.filter(name => !exports.has(name));
  if (absent.length > 0) {
    throw unfit(
      `it was not compiled by OPA for ABI 1.2 or later (no ${absent.join(', ')})`,
      'Build it again with `tf policy build DIR`.',
    );
  }
  return module;
}

function instantiate(module: WebAssembly.Module): LoadedPolicy {
  let loaded: LoadedPolicy;
  try {
    loaded = opa().loadPolicySync(module, { initial: 16, maximum: pages });
  } catch (thrown) {
    throw unfit(said(thrown), 'Build it again with `tf policy build DIR`.');
  }
  // Before 1.2, an evaluation's memory is not given back.
  if (!(loaded.minorVersion >= 2)) throw unfit('its ABI is older than 1.2', 'Build it again with a newer OPA.');
  return loaded;
}

/** Names that the module asks its host for: `{"name": number}`, as JSON that ends with a NUL. */
function builtinsOf({ wasmInstance, mem }: LoadedPolicy): string[] {
  const exports = (wasmInstance as WebAssembly.Instance).exports as Record<
    'builtins' | 'opa_json_dump',
    (...args: number[]) => number
  >;
  const start = exports.opa_json_dump(exports.builtins());
  const memory = Buffer.from(mem.buffer);
  return Object.keys(JSON.parse(memory.toString('utf8', start, memory.indexOf(0, start))) as object);
}

/** opa-wasm is CommonJS, and loads a YAML reader: only when a policy is loaded. */
const opa = (): typeof import('@open-policy-agent/opa-wasm') =>
  createRequire(import.meta.url)('@open-policy-agent/opa-wasm') as typeof import('@open-policy-agent/opa-wasm');

/** The UTF-8 of a text in a buffer of exactly its length: what opa-wasm takes as it is. */
function bytes(text: string): ArrayBuffer {
  const buffer = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  buffer.write(text, 'utf8');
  return buffer.buffer as ArrayBuffer;
}

const said = (thrown: unknown): string => {
  const message = typeof thrown === 'string' ? thrown : (thrown as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : 'unknown error';
};

const unfit = (why: string, hint: string): Fault =>
  new Fault(exitCode.failed, `The policy cannot be loaded: ${why}.`, hint);
