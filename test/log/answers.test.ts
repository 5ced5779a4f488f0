/** Answers of approvers in a log: an auditor finds each that was forged, altered, moved or made up, by whoever has the log's key. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyId, type Signed, type Statement, signStatement } from '../../src/log/index.js';
import type { Draft, EntryType } from '../../src/model.js';
import { type Place, place } from './world.js';

type Entry = Readonly<Record<string, unknown>>;

interface Person {
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

const person = (name: string): Person => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { name, key: privateKey, publicKey: createPublicKey(privateKey) };
};
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const alice = person('alice');
const bob = person('bob');
const proxy = person('proxy');

const added = ({ name, publicKey }: Person): Entry => ({
  type: 'approver.added',
  approver: name,
  key: keyId(publicKey),
  public_key: pem(publicKey),
});
const ownKey: Entry = {
  type: 'key.created',
  purpose: 'approvals',
  key: { id: keyId(proxy.publicKey), public: pem(proxy.publicKey) },
};

const about = { approval: 'apr_1', binding: 'b'.repeat(64), verdict: 'granted', scope: {}, approver: 'alice' } as const;
const signedBy = (who: Person, more: Partial<Statement> = {}, via: Signed['via'] = 'cli'): Signed => ({
  ...signStatement({ v: 1, ...about, at: new Date().toISOString(), ...more }, who.key, who.publicKey),
  via,
});
const granted = (signed: Signed | null, more: Entry = {}): Entry => ({
  type: 'approval.granted',
  approval: about.approval,
  binding: about.binding,
  scope: {},
  by: 'alice',
  ...signed,
  ...more,
});

/** A log of these entries, written and signed by the log's own key, as its operator can write any. */
async function verdictOf(at: Place, entries: readonly Entry[]): Promise<ReturnType<Place['verify']>> {
  const log = await at.open();
  for (const { type, ...members } of entries)
    await log.record({ type: type as EntryType, run: null, ...members } as Draft);
  await log.head();
  await log.close();
  return at.verify();
}

test('answers that approvers have signed are counted, those by link apart, and the keys are named', async context => {
  const verdict = await verdictOf(place(context), [
    added(alice),
    ownKey,
    granted(signedBy(alice)),
    granted(signedBy(proxy, {}, 'link')),
    granted(signedBy(alice, { verdict: 'refused' }), { type: 'approval.refused' }),
    { ...granted(null), type: 'approval.refused' },
  ]);
  assert.deepEqual(verdict.ok && verdict.answers, {
    signed: 2,
    vouched: 1,
    keys: [{ approver: 'alice', key: keyId(alice.publicKey) }],
  });
});

const before = [added(alice), added(bob), ownKey];
const flipped = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
const late = new Date(Date.now() - 3_600_000).toISOString();
const early = new Date(Date.now() + 3_600_000).toISOString();

/** What somebody with the log's key may write, and what an auditor says of it. */
const forgeries: Readonly<Record<string, readonly [code: string, entry: Entry, first?: readonly Entry[]]>> = {
  'no signature where approvers are registered': ['signature_missing', granted(null)],
  'a signature without its statement': ['signature_forged', granted({ ...signedBy(alice), statement: '' })],
  'a statement without its signature': ['signature_forged', granted({ ...signedBy(alice), signature: '' })],
  'the signature of another statement': [
    'signature_forged',
    granted({ ...signedBy(alice), signature: signedBy(alice, { approval: 'apr_2' }).signature }),
  ],
  "another approver's key": ['signature_unknown', granted({ ...signedBy(bob), approver: 'alice' })],
  "another approver's signature under the right key": [
    'signature_forged',
    granted({ ...signedBy(bob), key: keyId(alice.publicKey) }),
  ],
  'a name that nobody has': ['signature_unknown', granted({ ...signedBy(alice), approver: 'carol' })],
  'a key that was never registered': ['signature_unknown', granted(signedBy(person('alice')))],
  "the proxy's signature for an approver's own": ['signature_unknown', granted(signedBy(proxy))],
  "an approver's signature for the proxy's": ['signature_unknown', granted(signedBy(alice, {}, 'link'))],
  'an approver who was removed': [
    'signature_unknown',
    granted(signedBy(alice)),
    [added(alice), added(bob), { type: 'approver.removed', approver: 'alice' }],
  ],
  'a key that another one replaced': [
    'signature_unknown',
    granted(signedBy(alice)),
    [added(alice), { type: 'approver.removed', approver: 'alice' }, added({ ...person('x'), name: 'alice' })],
  ],
  'an answer to another approval': ['statement_differs', granted(signedBy(alice, { approval: 'apr_2' }))],
  'an answer to another request': ['statement_differs', granted(signedBy(alice, { binding: 'c'.repeat(64) }))],
  'a no that became a yes': ['statement_differs', granted(signedBy(alice, { verdict: 'refused' }))],
  'a wider scope': ['statement_differs', granted(signedBy(alice), { scope: { count: 100 } })],
  'a statement in the name of another': [
    'statement_differs',
    granted(signedBy(alice, { approver: 'bob' }), { approver: 'alice' }),
  ],
  'a member more': ['statement_differs', granted(signedBy(alice, { extra: true } as Partial<Statement>))],
  'an answer of long ago': ['statement_differs', granted(signedBy(alice, { at: late }))],
  'an answer from the future': ['statement_differs', granted(signedBy(alice, { at: early }))],
  'a registered key of small order': [
    'key_unusable',
    {
      ...added(alice),
      public_key: `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA${Buffer.alloc(32).toString('base64')}\n-----END PUBLIC KEY-----\n`,
    },
  ],
  'a key under the id of another': ['key_unusable', { ...added(alice), key: keyId(bob.publicKey) }],
};

const used: Entry = { type: 'approval.redeemed', approval: 'apr_1', binding: about.binding };
const asked = (...demands: readonly object[]): Entry => ({ type: 'approval.requested', approval: 'apr_1', demands });
const yesOf = (who: Person): Entry => granted(signedBy(who, { approver: who.name }), { approver: who.name });
const two = { approvers: [], approvals: 2 };
const sre = { ...added(bob), roles: ['sre'] };

/** What stands before the use of an approval, and whether it is enough. */
const consents: Readonly<Record<string, readonly [enough: boolean, entries: readonly Entry[]]>> = {
  nobody: [false, [asked({ approvers: [], approvals: 1 })]],
  'the operator, while nobody is registered': [true, [asked({ approvers: [], approvals: 1 }), granted(null)]],
  'the operator where two are needed': [false, [asked(two), granted(null)]],
  'one of two': [false, [...before, asked(two), yesOf(alice)]],
  'one of two, twice': [false, [...before, asked(two), yesOf(alice), yesOf(alice)]],
  'two of two': [true, [...before, asked(two), yesOf(alice), yesOf(bob)]],
  'two of whom one was removed before': [
    false,
    [...before, asked(two), yesOf(alice), { type: 'approver.removed', approver: 'alice' }, yesOf(bob)],
  ],
  'two, one of whom was there under a name that is given anew': [
    false,
    [...before, asked(two), yesOf(alice), { type: 'approver.removed', approver: 'alice' }, added(alice), yesOf(bob)],
  ],
  'two of whom one was removed later': [
    true,
    [...before, asked(two), yesOf(alice), yesOf(bob), { type: 'approver.removed', approver: 'alice' }],
  ],
  'somebody else than who is named': [false, [...before, asked({ approvers: ['bob'], approvals: 1 }), yesOf(alice)]],
  'somebody with the role': [true, [sre, asked({ approvers: ['role:sre'], approvals: 1 }), yesOf(bob)]],
  'somebody without the role': [false, [...before, asked({ approvers: ['role:sre'], approvals: 1 }), yesOf(bob)]],
  'one of two demands': [
    false,
    [...before, asked({ approvers: ['alice'], approvals: 1 }, { approvers: ['bob'], approvals: 1 }), yesOf(bob)],
  ],
  'demands that nobody can read': [false, [...before, asked({ approvals: 'two' }), yesOf(alice), yesOf(bob)]],
};

for (const [name, [enough, entries]] of Object.entries(consents)) {
  test(`an approval that was used with a yes of ${name} ${enough ? 'verifies' : 'does not verify'}`, async context => {
    const verdict = await verdictOf(place(context), [...entries, used]);
    if (enough) assert.equal(verdict.ok, true, JSON.stringify(verdict));
    else
      assert.deepEqual(
        [!verdict.ok && verdict.code, !verdict.ok && verdict.seq],
        ['consent_missing', entries.length + 1],
      );
  });
}

for (const [name, [code, entry, first = before]] of Object.entries(forgeries)) {
  test(`a log with ${name} does not verify, and the entry is named`, async context => {
    const verdict = await verdictOf(place(context), [...first, entry, added(person('dave'))]);
    // The first entry says which log it is.
    assert.deepEqual([!verdict.ok && verdict.code, !verdict.ok && verdict.seq], [code, first.length + 1]);
    assert.match(String(!verdict.ok && verdict.id), /^ev_/);
  });
}

test('no character of a statement or signature can be another one', async context => {
  const signed = signedBy(alice);
  const at = place(context);
  const log = await at.open();
  await log.close();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('statement' as const, 'signature' as const, 'key' as const, 'approver' as const),
      fc.nat(),
      async (member, n) => {
        const text = signed[member];
        // The last digit too, of which base64url ignores four bits.
        const where = n % 4 === 0 ? text.length - 1 : n % text.length;
        const verdict = await verdictOf(place(context), [
          added(alice),
          granted({ ...signed, [member]: flipped(text, where) }),
        ]);
        assert.deepEqual([verdict.ok, !verdict.ok && verdict.seq], [false, 2], `${member} at ${where}`);
      },
    ),
    { numRuns: 15 },
  );
});
