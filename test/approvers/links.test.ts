/** One-time links over the real proxy, with curl: looked at as often as anybody likes, answered once, and worth nothing then. */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { after, before, test } from 'node:test';
import { entries } from '../faults/ledger.js';
import { filesBelow } from '../world.js';
import { curl, freePort, openPlace, type Place } from './place.js';

let place: Place;

before(async () => {
  place = await openPlace([], `127.0.0.1:${await freePort()}`);
  await place.approver('alice');
  await place.approver('me', ['--user', userInfo().username]);
});
after(() => place?.close());

const stateOf = async (id: string): Promise<string> =>
  (JSON.parse(await place.world.ok(['approvals', 'show', id, '--json'])) as { state: string }).state;
const yes = ['-d', 'verdict=granted&reason=seen'];

test('previews of a link change nothing, its form answers once, and the request goes through', async () => {
  const { world } = place;
  const id = await place.pending('/link');
  const url = await place.link(id, 'alice');
  const looks = [
    [],
    ['-I'],
    ['-r', '0-99'],
    ['-H', 'Sec-Purpose: prefetch;prerender', '-H', 'Purpose: prefetch'],
    ['-A', 'Slackbot-LinkExpanding 1.0'],
    ['-X', 'OPTIONS'],
  ];
  for (const more of [...looks, ...looks]) {
    const { status } = await curl([...more, url]);
    assert.equal(status, more.includes('OPTIONS') ? 405 : 200, more.join(' '));
  }
  assert.equal(await stateOf(id), 'pending');
  const { body } = await curl([url]);
  assert.ok(body.includes('upstream.test') && body.includes('/link') && body.includes('http.post'));
  assert.equal((await curl([...yes, url])).status, 200);
  assert.equal(await stateOf(id), 'granted');
  assert.equal((await place.post('/link')).status, 200);
  assert.deepEqual([(await curl([...yes, url])).status, (await curl([url])).status], [409, 410]);
  assert.equal(place.reached('/link'), 1);
  const log = await entries(world);
  const granted = log.find(({ type, approval }) => type === 'approval.granted' && approval === id)!;
  const own = log.find(({ type, purpose }) => type === 'key.created' && purpose === 'approvals')!;
  assert.deepEqual(
    [granted.approver, granted.via, granted.key, granted.reason],
    ['alice', 'link', (own.key as { id: string }).id, 'seen'],
  );
  assert.match(await world.ok(['audit', 'verify']), /0 signed by approvers, 1 by the proxy for an approver \(by link/);
});

test('of two answers at once one decides, and another link to the same is worth nothing then', async () => {
  const id = await place.pending('/twice');
  const [one, other] = [await place.link(id, 'alice'), await place.link(id, 'alice')];
  assert.notEqual(one, other);
  const all = await Promise.all(
    [one, one, one, one].map((url, n) => curl(['-d', `verdict=${n % 2 ? 'granted' : 'refused'}`, url])),
  );
  assert.deepEqual(all.map(({ status }) => status).sort(), [200, 409, 409, 409]);
  assert.equal((await curl([...yes, other])).status, 409);
  assert.equal((await curl([other])).status, 410);
  const answers = (await entries(place.world)).filter(
    ({ type, approval }) => approval === id && /^approval\.(granted|refused)$/.test(type),
  );
  assert.equal(answers.length, 1);
});

test('a link that is altered, of another page, or that nobody made answers nothing', async () => {
  const id = await place.pending('/altered');
  const url = await place.link(id, 'alice');
  const at = url.length - 20;
  const altered = url.slice(0, at) + (url[at] === 'A' ? 'B' : 'A') + url.slice(at + 1);
  for (const wrong of [altered, url.slice(0, -1), `${url}A`, url.toLowerCase(), url.replace('/a/', '/b/')])
    assert.equal((await curl([...yes, wrong])).status, 404, wrong.slice(url.length - 45));
  assert.equal((await curl([...yes, '-H', 'Origin: https://evil.example', url])).status, 403);
  assert.equal((await curl([...yes, '-H', 'Host: evil.example', url])).status, 421);
  assert.equal(await stateOf(id), 'pending');
});

test('a link survives a restart of the proxy, and is in no file as it is', async () => {
  const { world } = place;
  const id = await place.pending('/restart');
  const url = await place.link(id, 'alice');
  const token = Buffer.from(url.slice(url.lastIndexOf('/') + 1));
  await world.ok(['stop']);
  for (const { path, content } of filesBelow(world.home)) assert.ok(!content.includes(token), path);
  await world.ok(['approver', 'list']);
  assert.equal((await curl(['-d', 'verdict=refused', url])).status, 200);
  assert.equal(await stateOf(id), 'refused');
});

test('there is no link for the one whose run it is, for nobody, and for what is answered', async () => {
  const { world } = place;
  const id = await place.pending('/none');
  const own = await world.tf(['approver', 'link', id, 'me']);
  assert.equal(own.code, 3);
  assert.match(own.stderr, /nobody approves a run of his own/);
  assert.equal((await world.tf(['approver', 'link', id, 'nobody'])).code, 4);
  assert.equal((await world.tf(['approver', 'link', 'apr_none', 'alice'])).code, 4);
  const url = await place.link(id, 'alice');
  await world.ok(['approvals', 'deny', id]);
  assert.equal((await world.tf(['approver', 'link', id, 'alice'])).code, 1);
  assert.equal((await curl([...yes, url])).status, 409);
});

test('a link of somebody who is no approver any more is worth nothing', async () => {
  const { world } = place;
  await place.approver('temp');
  const id = await place.pending('/removed');
  const url = await place.link(id, 'temp');
  await world.ok(['approver', 'remove', 'temp']);
  assert.equal((await curl([url])).status, 410);
  assert.equal((await curl([...yes, url])).status, 409);
  assert.equal(await stateOf(id), 'pending');
});
