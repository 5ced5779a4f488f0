/**
 * Questions, permissions and policies for the tests of this room.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, BodyState, Permission, Question, Resource } from '../../src/model.js';
import { buildPolicy } from '../../src/policy/compiler.js';

export interface Asked extends Partial<Pick<Action, 'name' | 'parameters' | 'unknown'>> {
  readonly gateway?: string;
  readonly chain?: readonly string[];
  readonly resource?: Resource;
  readonly body?: BodyState;
}

/** A question; by default gateway `g` creates an issue in `repo:acme/site`. */
export function ask(asked: Asked = {}): Question {
  const { gateway = 'g', name = 'github.issue.create', parameters = {}, unknown = [] } = asked;
  const { resource = { type: 'repo', id: 'acme/site' }, body = 'complete' } = asked;
  return {
    v: 1,
    subject: {
      type: 'agent',
      id: gateway,
      environment: 'dev',
      labels: {},
      run: 'run_1',
      chain: asked.chain ?? [gateway],
      runs: (asked.chain ?? [gateway]).map(name => `run_${name}`),
      user: { sub: 'u' },
      workload: {},
    },
    grant: null,
    action: { name, connector: name.split('.')[0]!, access: 'write', parameters, unknown },
    resource,
    request: {
      method: 'POST',
      scheme: 'https',
      host: 'api.github.com',
      port: 443,
      path: '/',
      body: { state: body, bytes: 0 },
    },
    context: {
      time: '2026-11-20T11:58:03.120Z',
      weekday: 'friday',
      hour: 11,
      minute: 58,
      timezone: 'UTC',
      counters: {},
      flags: [],
      confidence: 1,
    },
  };
}

/** A permission; by default it allows gateway `g` everything. */
export const permission = (fields: Partial<Permission> = {}): Permission => ({
  id: 'perm_1',
  gateway: 'g',
  action: '*',
  effect: 'allow',
  resource: null,
  where: null,
  reason: '',
  created_at: '2026-11-20T00:00:00Z',
  ...fields,
});

/** Compiles one file of Rego. */
export async function compile(rego: string): Promise<Uint8Array> {
  const directory = mkdtempSync(join(tmpdir(), 'tollfence-test-'));
  try {
    writeFileSync(join(directory, 'policy.rego'), rego);
    return (await buildPolicy(directory)).wasm;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
