/**
 * What it costs to look for secrets in answers: each figure beside one `Buffer.indexOf` of one needle in the same bytes,
 * in the same round. `node dist/bench/scrub.js [ROUNDS]`; it needs nothing but a core that has nothing else to do.
 */
import { createHash } from 'node:crypto';
import { NeedleSet, needles } from '../src/credentials/index.js';
import { scrubber } from '../src/http/scrub.js';

const rounds = Number(process.argv[2] ?? 7);
const chunk = 64 << 10;

/** Bytes without a pattern, the same in each run. */
function noise(name: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash('sha512').update(`${name} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

/** So many secrets as services give them, in all forms; every second one has characters that are escaped. */
const secretForms = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => `ghp_${noise(`secret ${i}`, 27).toString('base64url')}`).flatMap((text, i) =>
    needles(Buffer.from(i % 2 === 0 ? text : `${text}/+"<`), 'header:X'),
  );

const issue = {
  id: 18341,
  title: 'The page of settings is empty',
  html_url: 'https://github.com/acme/site/issues/7',
  state: 'open',
  labels: ['bug', 'settings'],
  user: { login: 'octocat', id: 583231, type: 'User', site_admin: false },
  created_at: '2026-11-20T11:58:03Z',
  body: 'It has been since Tuesday.',
};

const texts: Readonly<Record<string, Buffer>> = {
  'a JSON answer of 300 bytes': Buffer.from(JSON.stringify(issue)).subarray(0, 300),
  'JSON, 64 KiB': Buffer.from(JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ ...issue, id })))).subarray(
    0,
    chunk,
  ),
  'base64, 64 KiB': Buffer.from(noise('base64', chunk).toString('base64')).subarray(0, chunk),
  'random, 64 KiB': noise('random', chunk),
};

/** Nanoseconds that `work` takes, by itself again and again. */
function time(work: () => void, bytes: number): number {
  const times = Math.ceil((32 << 20) / (bytes + 2_000));
  for (let i = 0; i < times / 4; i++) work();
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) work();
  return Number(process.hrtime.bigint() - start) / times;
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;

const search = (set: NeedleSet, text: Buffer): void => {
  const scrub = scrubber(set);
  scrub.push(text);
  scrub.end();
};

// The compiler's work is not what is measured.
for (const count of [1, 20]) {
  const set = new NeedleSet(secretForms(count));
  for (const text of Object.values(texts)) time(() => search(set, text), text.length);
}

for (const count of [1, 2, 20, 100]) {
  const forms = secretForms(count);
  const building = process.hrtime.bigint();
  const set = new NeedleSet(forms);
  const built = Number(process.hrtime.bigint() - building) / 1e6;
  process.stdout.write(`${count} secrets, ${forms.length} needles, made ready in ${built.toFixed(1)} ms\n`);
  const hostile = Buffer.concat(Array.from({ length: 3_000 }, () => forms[0]!.subarray(0, -1))).subarray(0, chunk);
  for (const [name, text] of Object.entries({ ...texts, 'a secret, nearly, again and again': hostile })) {
    const ratios: number[] = [];
    const took: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const floor = time(() => text.indexOf(forms[0]!), text.length);
      const ours = time(() => search(set, text), text.length);
      ratios.push(ours / floor);
      took.push(ours);
    }
    const ns = median(took);
    process.stdout.write(
      `  ${name.padEnd(36)} ${median(ratios).toFixed(1).padStart(6)} × indexOf  ${ns.toFixed(0).padStart(8)} ns  ${(text.length / ns).toFixed(2)} GB/s\n`,
    );
  }
}
