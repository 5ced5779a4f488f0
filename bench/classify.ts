/**
 * What it costs to know what a request means: loading every connector, the first request to GitHub, whose table is read and
 * put together then, and a request to any of its routes after that. In a process of its own each time, because only a new
 * one has read nothing.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CanonicalRequest } from '../src/model.js';
import { median, row } from './table.js';

interface Figures {
  /** Milliseconds. */
  readonly load: number;
  readonly first: number;
  /** Microseconds. */
  readonly each: number;
  readonly routes: number;
}

/** Requests in a round: many times all routes. */
const requests = 200_000;

/** Prints the medians of as many new processes. */
export function classification(rounds: number): void {
  const file = fileURLToPath(import.meta.url);
  const figures = Array.from(
    { length: rounds },
    () => JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' })) as Figures,
  );
  const of = (name: keyof Figures, digits: number): string =>
    median(figures.map(figure => figure[name])).toFixed(digits);
  console.log(`\nClassification, over ${of('routes', 0)} routes of GitHub at random`);
  row(['', 'time']);
  row(['loading all connectors', `${of('load', 1)} ms`]);
  row(['the first request', `${of('first', 1)} ms`]);
  row(['every other', `${of('each', 2)} µs`]);
}

async function measure(): Promise<Figures> {
  const start = performance.now();
  const { connectors } = await import('../connectors/index.js');
  const { openCatalog } = await import('../src/action/catalog.js');
  const { generated } = await import('../bin/proxy/generated.js');
  const catalog = openCatalog(connectors, { generated });
  const loaded = performance.now();

  const host = 'api.github.com';
  const common = { scheme: 'https', host, port: 443, query: '', fields: [], content: null, upgrade: null } as const;
  const body = { state: 'none', bytes: 0 } as const;
  const request = (method: string, path: string): CanonicalRequest => ({ ...common, method, path, body });
  const beforeFirst = performance.now();
  if (!catalog.classify(request('GET', '/repos/acme/site')).typed) throw new Error('There is no route for it.');
  const first = performance.now() - beforeFirst;

  const keys = Object.keys(generated('github').routes ?? {});
  const all = keys.map(key => {
    const [method = '', template = ''] = key.split(' ');
    return request(method, template.replace(/\{\w+\}/g, '7').replace(/\{\w+\+\}/g, 'release/7'));
  });
  let state = 1;
  const any = (): CanonicalRequest => {
    // A generator of Lehmer's: the same order everywhere.
    state = (state * 48_271) % 2_147_483_647;
    return all[state % all.length]!;
  };
  const order = Array.from({ length: requests }, any);
  let typed = 0;
  for (const one of order) typed += Number(catalog.classify(one).typed);
  const beforeAll = performance.now();
  for (const one of order) typed += Number(catalog.classify(one).typed);
  const each = ((performance.now() - beforeAll) / requests) * 1000;
  if (typed < requests * 1.9) throw new Error(`Only ${typed / 2} of ${requests} were described.`);
  return { load: loaded - start, first, each, routes: keys.length };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(JSON.stringify(await measure()));
