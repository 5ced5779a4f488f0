/**
 * An API of one's own: its description becomes a connector, whose names and parameters permissions are about. Every
 * sentence is checked; exit code 1 if one doesn't hold. `node dist/examples/own-api/main.js`
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, openStage, type Stage, say, step } from '../main-job/stage.js';

const description = fileURLToPath(new URL('../../../examples/own-api/openapi.yaml', import.meta.url));
const program = fileURLToPath(new URL('./agent.js', import.meta.url));
const key = `acme_${randomBytes(18).toString('hex')}`;

async function known({ tf }: Stage): Promise<void> {
  step('1. The description of the API becomes a connector.');
  expect((await tf(['connector', 'import', description, '--name', 'acme'])).code === 0, 'it is taken over');
  expect((await tf(['connector', 'test', 'acme'])).code === 0, 'its examples are what they should be');
  const { output } = await tf(['connector', 'show', 'acme', '--search', 'create']);
  expect(output.includes('with amount, currency'), 'the amount is a parameter');
  expect(!output.includes('note'), 'what people write is none');
}

async function furnished({ tf }: Stage): Promise<void> {
  step('2. Small orders are allowed, and nothing else. The key goes into the vault.');
  const permission = ['--gateway', 'shop', '--action', 'acme.create_order', '--effect', 'allow'];
  for (const words of [
    ['gateway', 'create', 'shop'],
    ['permissions', 'set', ...permission, '--where', 'amount <= 1000'],
  ])
    expect((await tf(words)).code === 0, words.join(' '));
  expect((await tf(['secret', 'set', 'acme-key', '--connector', 'acme'], { input: key })).code === 0, 'the key is set');
}

async function judged({ tf, standIns: { received } }: Stage): Promise<void> {
  const agent = (...words: string[]) => tf(['run', '--', 'shop', process.execPath, program, ...words]);
  step('3. Allowed.');
  expect((await agent('order', '500')).output.includes('→ 201'), 'a small order is made');
  expect(received.length === 1 && received[0]?.authorization === `Bearer ${key}`, 'it arrives with the key');
  step('4. Denied.');
  const { output } = await agent('order', '5000');
  expect(output.includes('→ 403') && output.includes('amount <= 1000 does not hold'), 'a large order is refused');
  expect((await agent('cancel', '7')).output.includes('allows acme.delete_order'), 'so is to delete one');
  expect(received.length === 1, 'neither arrives');
}

const stage = await openStage(['api.acme.dev']);
try {
  for (const part of [known, furnished, judged]) await part(stage);
  say('\nDone: everything above was checked.');
} catch (error) {
  console.error(`\nerror: The example failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await stage.close();
}
