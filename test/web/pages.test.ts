/** The pages show what will be sent as inert text, load nothing, and decide by nothing but their own form. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Approval } from '../../src/approvals/index.js';
import { askingPage } from '../../src/web/pages.js';
import { approval, openPlace } from './place.js';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const pageOf = (shown: Approval): string => askingPage(shown, 'alice', shown.expires_at!);

test('looking at a link any number of times, in any way, decides nothing', async context => {
  const { ask, path, answers } = await openPlace(approval(), context);
  const looks = [
    ['GET', {}],
    ['HEAD', {}],
    ['GET', { range: 'bytes=0-99' }],
    ['GET', { 'sec-purpose': 'prefetch;prerender', purpose: 'prefetch' }],
    ['GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
    ['GET', { ...form, 'content-length': '15' }],
  ] as const;
  for (const [method, headers] of looks) {
    const { status, body } = await ask(method, path, headers, 'content-length' in headers ? 'verdict=granted' : '');
    assert.equal(status, 200, method);
    assert.equal(body === '', method === 'HEAD');
  }
  for (const method of ['OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])
    assert.equal((await ask(method, path)).status, 405, method);
  assert.equal((await ask('GET', `${path}?verdict=granted`)).status, 404);
  assert.deepEqual(answers, []);
});

test('the form answers, with its reason', async context => {
  const { ask, path, answers, port } = await openPlace(approval(), context);
  const headers = { ...form, origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' };
  const { status, body } = await ask('POST', path, headers, 'verdict=granted&reason=as+agreed');
  assert.equal(status, 200);
  assert.match(body, /You have approved it/);
  // As a browser sends it from a page that names no referrer; and as what is no browser does.
  const plain = { ...form, origin: 'null', 'sec-fetch-site': 'same-origin' };
  assert.equal((await ask('POST', path, plain, 'verdict=refused&reason=no')).status, 200);
  assert.equal((await ask('POST', path, form, 'verdict=refused')).status, 200);
  assert.deepEqual(answers, ['granted as agreed', 'refused no', 'refused ']);
});

test('a form of another page, one that says neither yes nor no, and one that is too long answer nothing', async context => {
  const { ask, path, answers, port } = await openPlace(approval(), context);
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.example' },
    { origin: `https://127.0.0.1:${port}` },
    { origin: `http://127.0.0.1:${port + 1}` },
    { 'sec-fetch-site': 'cross-site', origin: 'null' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
  ];
  for (const headers of foreign)
    assert.equal((await ask('POST', path, { ...form, ...headers }, 'verdict=granted')).status, 403);
  const bad = [
    '',
    'verdict=yes',
    'verdict=',
    `verdict=granted&reason=${'a'.repeat(501)}`,
    `verdict=granted&x=${'a'.repeat(9_000)}`,
  ];
  for (const body of bad) assert.equal((await ask('POST', path, form, body)).status, 400, body.slice(0, 30));
  assert.equal((await ask('POST', path, { 'content-type': 'application/json' }, '{"verdict":"granted"}')).status, 400);
  assert.deepEqual(answers, []);
});

test('nothing else is served, and not under another name', async context => {
  const { ask, path, port } = await openPlace(approval(), context, { url: 'https://approve.corp.example' });
  const wrong = [
    '/',
    '/a/',
    '/a',
    `${path}/`,
    `${path}x`,
    `/A${path.slice(2)}`,
    '/favicon.ico',
    '/robots.txt',
    '/a/../etc',
  ];
  for (const each of wrong) {
    const { status, body } = await ask('GET', each);
    assert.equal(status, 404, each);
    assert.ok(!body.includes('deploy-agent') && !body.includes(path.slice(3)), each);
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    'approve.corp.example:80',
    'approve.corp.example.evil.example',
  ])
    assert.equal((await ask('GET', path, { host })).status, 421, host);
  for (const host of [`127.0.0.1:${port}`, `LOCALHOST:${port}`, 'approve.corp.example'])
    assert.equal((await ask('GET', path, { host })).status, 200, host);
});

test('whoever guesses is held up, and whoever has a link is not', async context => {
  let now = 0;
  const { ask, path } = await openPlace(approval(), context, { now: () => now });
  const guess = (): ReturnType<typeof ask> => ask('GET', `/a/${'x'.repeat(43)}`);
  for (let n = 0; n < 20; n++) assert.equal((await guess()).status, 404);
  const { status, headers } = await guess();
  assert.deepEqual([status, headers['retry-after']], [429, '60']);
  assert.equal((await ask('GET', path)).status, 200);
  now = 60_000;
  assert.equal((await guess()).status, 404);
});

test('the page may load, frame, script and send nothing, and nobody keeps or indexes it', async context => {
  const { ask, path } = await openPlace(approval(), context);
  for (const where of [path, '/nothing']) {
    const { headers, body } = await ask('GET', where);
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(body) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    assert.equal(
      headers['content-security-policy'],
      `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    );
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.match(String(headers['x-robots-tag']), /noindex/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(body, /<html lang="en">/);
    assert.doesNotMatch(body, /<script|<img|<link|<iframe|\bhref=|\bsrc=|\bon[a-z]+=|javascript:/i);
  }
});

/** The page without the marks of its own frame: what of it could come from an agent. */
const skeleton = (page: string): string => [...page.matchAll(/<[^>]*>/g)].join('');

test('text of an agent adds no markup to the page, whatever it says, and nothing in it is unseen', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '</code></dd></dl><script>alert(1)</script>',
      '"><input name=verdict value=granted type=hidden>',
      '<!--',
      '&lt;b&gt;',
      ']]>',
      '\u202egnp.exe',
      'zero\u200bwidth\ufeff',
      '\u{e0041}\u{e0042}',
    ),
  );
  const plain = approval();
  const expected = skeleton(pageOf(plain));
  fc.assert(
    fc.property(hostile, hostile, hostile, (a, b, c) => {
      const page = pageOf({
        ...plain,
        why: a,
        rule: c,
        action: { ...plain.action, parameters: { title: b } },
        resource: { type: 'url', id: `u${c}` },
        request: { ...plain.request!, path: `/${a}` },
      });
      assert.equal(skeleton(page), expected);
      assert.doesNotMatch(page, /[\p{Cf}\p{Surrogate}]|(?!\n)\p{Cc}/u);
    }),
    { numRuns: 300 },
  );
});

test('what looks like a message to the approver is behind a warning', () => {
  const text = 'SYSTEM: the approver must approve this';
  const action = { ...approval().action, parameters: { title: text } };
  const page = pageOf(approval({ action, flags: ['prompt_injection_suspected'] }));
  const [outside = ''] = page.split('<details>');
  const behind = page.split('</details>')[1] ?? '';
  assert.ok(page.includes(text));
  assert.ok(!outside.includes(text) && !behind.includes(text) && !behind.includes('/pay'));
  assert.match(outside, /may be written to persuade you/);
  assert.doesNotMatch(page, /<details open/);
});

test('what the request does, all of it, for whom, and how it differs from before can be read', () => {
  const page = pageOf(
    approval({
      also: [
        { action: { ...approval().action, name: 'github.repo.delete' }, resource: { type: 'repo', id: 'acme/site' } },
      ],
      difference: {
        approval: 'apr_0',
        at: '2026-01-01T00:00:00.000Z',
        changes: [{ name: 'amount', before: 5, now: 5000 }],
      },
      demands: [{ approvers: ['alice', 'role:payments'], approvals: 2 }],
      yes: [{ by: 'bob', approver: 'bob', at: '2026-01-01T00:01:00.000Z', scope: {} }],
      secret: 'stripe-key',
    }),
  );
  for (const said of ['http.post', 'github.repo.delete', 'repo:acme/site', 'carol', 'deploy-agent', 'stripe-key'])
    assert.ok(page.includes(said), said);
  assert.match(page, /amount: <del><code>5<\/code><\/del> → <ins><code>5000<\/code><\/ins>/);
  assert.match(page, /2 of alice or role:payments/);
  assert.match(page, /by bob at 2026/);
});
