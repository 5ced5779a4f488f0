/** Signatures of subjects, as whoever verifies a log checks them with nothing but the log. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { openKeys, type StoredKey } from '../../src/identity/keys.js';
import { isSigned, signSubject } from '../../src/identity/signature.js';
import { Finding } from '../../src/log/finding.js';
import { Subjects } from '../../src/log/subjects.js';
import type { Subject } from '../../src/model.js';

/** Keys that are kept nowhere. */
function freshKeys() {
  const kept = new Map<string, StoredKey>();
  const shelf = {
    all: () => [...kept.values()],
    put: (id: string, key: StoredKey) => void kept.set(id, key),
    remove: (id: string) => kept.delete(id),
  };
  return openKeys({ keys: shelf, together: work => work() }, Date.now);
}

const subject: Subject = {
  type: 'agent',
  id: 'deploy',
  environment: 'prod',
  labels: { team: 'a' },
  run: 'run_1',
  chain: ['deploy'],
  runs: ['run_1'],
  user: { sub: 'ada', groups: ['on-call'] },
  workload: { pid: 7, cwd: '/srv' },
};

const keys = freshKeys();
const signed = (of: Subject): Subject => ({ ...of, signature: signSubject(keys, of) });
const made = (gateway: string) => ({ type: 'key.created', id: 'ev_1', gateway, key: keys.current(gateway) });
const decided = (of: unknown) => ({ type: 'action.decided', id: 'ev_2', subject: of });

/** The code of what is found when these entries follow each other. */
function found(...entries: Record<string, unknown>[]): string | number {
  const subjects = new Subjects();
  try {
    for (const [seq, entry] of entries.entries()) subjects.follow(entry, seq);
    return subjects.signed;
  } catch (error) {
    if (error instanceof Finding) return `${error.verdict.code} at ${error.verdict.seq}`;
    throw error;
  }
}

test('a signed subject is checked once, however many entries it has, and whatever the order of its members', () => {
  const one = signed(subject);
  const turned = Object.fromEntries(Object.entries(one).reverse());
  assert.equal(found(made('deploy'), decided(one), decided(one)), 1);
  assert.equal(found(made('deploy'), decided(turned)), 1);
  assert.equal(found(made('deploy'), decided(subject), decided(null)), 0);
});

test('a subject in which anything was changed is not the one that was signed', () => {
  const one = signed(subject);
  const changes: Record<string, unknown>[] = [
    { user: { sub: 'eve', groups: ['on-call'] } },
    { user: { sub: 'ada', groups: ['on-call', 'admins'] } },
    { environment: 'dev' },
    { labels: {} },
    { run: 'run_2' },
    { chain: ['parent', 'deploy'] },
    { workload: { pid: 8, cwd: '/srv' } },
    { agent: { name: 'added' } },
  ];
  for (const change of changes) {
    const altered = { ...one, ...change };
    assert.equal(found(made('deploy'), decided(altered)), 'signature_forged at 1', JSON.stringify(change));
    assert.ok(!isSigned(keys, altered as Subject));
  }
  assert.ok(isSigned(keys, one));
});

test('a key signs for its own gateway alone, and only once the log knows it', () => {
  const other = { ...subject, id: 'other', chain: ['other'] };
  const lent = { ...other, signature: signSubject(keys, subject) };
  assert.equal(found(made('deploy'), decided(lent)), 'signature_unknown at 1');
  assert.equal(found(decided(signed(subject))), 'signature_unknown at 0');
  assert.equal(found(made('deploy'), decided({ ...subject, signature: 'none' })), 0);
  const { publicKey }: { publicKey: KeyObject } = generateKeyPairSync('ed25519');
  const foreign = { ...made('deploy').key, public: publicKey.export({ type: 'spki', format: 'pem' }) };
  assert.equal(found({ ...made('deploy'), key: foreign }, decided(signed(subject))), 'signature_forged at 1');
  assert.equal(found({ ...made('deploy'), key: { id: 'key_1', public: 'no key' } }), 'key_unusable at 0');
});

test('what was signed before a rotation still holds, and so does what is signed after it', async () => {
  const entries = [made('deploy'), decided(signed(subject))];
  await keys.rotate(
    'deploy',
    async key => void entries.push({ type: 'key.rotated', id: 'ev_3', gateway: 'deploy', key }),
  );
  entries.push(decided(signed({ ...subject, run: 'run_9' })));
  assert.equal(found(...entries), 2);
});
