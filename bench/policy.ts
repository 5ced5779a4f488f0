/**
 * What a decision costs: the default policy in this process with 5, 50 and 500 permissions, the longest question with
 * many conditions, and the same policy in a worker thread. Prints one line each, in microseconds.
 */

import type { Permission, Question } from '../src/model.js';
import { toData } from '../src/policy/data.js';
import { inProcess } from '../src/policy/evaluator.js';
import { startPool } from '../src/policy/pool.js';
import { shippedWasm } from '../src/policy/shipped.js';

const question: Question = {
  v: 1,
  subject: {
    type: 'agent',
    id: 'g',
    environment: 'prod',
    labels: {},
    run: 'run_01',
    chain: ['g'],
    runs: ['run_01'],
    user: { sub: 'u1' },
    workload: { host: 'h1', cwd: '/src', commit: 'abc' },
  },
  grant: null,
  action: {
    name: 'github.pr.merge',
    connector: 'github',
    access: 'write',
    unknown: [],
    parameters: { number: 7, base: 'main', merge_method: 'squash', amount: 4200 },
  },
  resource: { type: 'repo', id: 'acme/site' },
  request: {
    method: 'PUT',
    scheme: 'https',
    host: 'api.github.com',
    port: 443,
    path: '/repos/acme/site/pulls/7/merge',
    body: { state: 'complete', bytes: 31, sha256: '0'.repeat(64), media_type: 'application/json' },
  },
  context: {
    time: '2026-11-20T11:58:03.120Z',
    weekday: 'friday',
    hour: 11,
    minute: 58,
    timezone: 'UTC',
    counters: { minute: 3, hour: 40 },
    flags: [],
    confidence: 1,
  },
};

const permission = (i: number, fields: Partial<Permission>): Permission => ({
  id: `perm_${i}`,
  gateway: 'g',
  action: `service${i}.thing.*`,
  effect: 'allow',
  resource: null,
  where: null,
  reason: '',
  created_at: '2026-11-20T00:00:00Z',
  ...fields,
});

/** `n` permissions of which a tenth speak of the action asked for. */
const permissions = (n: number): Permission[] =>
  Array.from({ length: n }, (_, i) =>
    permission(
      i,
      i % 10 === 0 ? { action: 'github.*', resource: 'repo:acme/*', where: 'base == "main" and amount < 5000' } : {},
    ),
  );

async function measure(name: string, times: number, act: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times / 10; i++) await act();
  const durations: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await act();
    durations.push((performance.now() - start) * 1000);
  }
  durations.sort((a, b) => a - b);
  const at = (q: number): string => durations[Math.floor(q * durations.length)]!.toFixed(0);
  console.log(`${name.padEnd(64)} median ${at(0.5).padStart(7)} µs   p99 ${at(0.99).padStart(7)} µs`);
}

const wasm = shippedWasm();
const json = JSON.stringify(question);
const limit = 10_000;
for (const n of [5, 50, 500]) {
  const data = JSON.stringify(toData(permissions(n), []));
  const here = inProcess(wasm, data, limit, () => performance.now());
  await measure(`in process, ${n} permissions`, 2000, async () => here.evaluate('g', json));
  const there = await startPool(wasm, data, { deadline: limit });
  await measure(`worker thread, ${n} permissions`, 2000, async () => there.evaluate('g', json));
  await there.close();
}

const exact = JSON.stringify(
  toData(
    Array.from({ length: 500 }, (_, i) => permission(i, { action: `github.pr.merge${i || ''}` })),
    [],
  ),
);
const apart = inProcess(wasm, exact, limit, () => performance.now());
await measure('in process, 500 permissions, one of which speaks of the action', 2000, async () =>
  apart.evaluate('g', json),
);

const long = JSON.stringify({
  ...question,
  action: { ...question.action, parameters: { labels: Array.from({ length: 5000 }, (_, i) => `label-${i}`) } },
});
for (const n of [0, 5, 50]) {
  const where = 'labels contains "safe"';
  const data = JSON.stringify(
    toData(
      Array.from({ length: n }, (_, i) => permission(i, { action: 'github.pr.merge', effect: 'deny', where })),
      [],
    ),
  );
  const worst = inProcess(wasm, data, limit, () => performance.now());
  await measure(`in process, ${Math.round(long.length / 1024)} KiB of input, ${n} conditions on it`, 50, async () =>
    worst.evaluate('g', long),
  );
}
