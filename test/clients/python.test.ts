/** Python behind its gateway: urllib, requests, httpx and pip, each with the roots and the proxy of its environment alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { World } from '../world.js';
import { behind, decided, gateway, has, openPlace } from './place.js';

const secret = 'ghs_canary0123456789abcdefABCDEF';
const reason = 'Branches are never deleted by agents.';
let world: World;

before(async () => {
  world = await openPlace(
    [
      {
        place: ['--connector', 'github'],
        secret,
        allow: ['github.issue.*', 'http.get'],
        deny: { 'github.branch.delete': reason },
      },
    ],
    {
      hosts: ['api.github.com', 'pypi.org'],
      answer(request, response) {
        const index = request.host === 'pypi.org';
        response.writeHead(200, { 'content-type': index ? 'text/html' : 'application/json' });
        response.end(
          index ? '<a href="https://pypi.org/files/tidy-1.0-py3-none-any.whl">tidy-1.0</a>' : '[{"number":7}]',
        );
      },
    },
  );
});
after(() => world.close());

// The distribution's, because it has the libraries as packages.
const python = '/usr/bin/python3';
const allowed = 'https://api.github.com/repos/acme/site/issues';
const denied = 'https://api.github.com/repos/acme/site/git/refs/heads/main';
const programs = {
  urllib: `
import json, urllib.error, urllib.request as u
print(json.load(u.urlopen('${allowed}'))[0]['number'])
try: u.urlopen(u.Request('${denied}', method='DELETE'))
except urllib.error.HTTPError as e: print(e.code, json.load(e)['detail'])`,
  requests: `
import os, requests
s = requests.Session()
s.headers['Authorization'] = 'Bearer ' + os.environ['GITHUB_TOKEN']
print(s.get('${allowed}').json()[0]['number'])
r = s.delete('${denied}')
print(r.status_code, r.json()['message'])`,
  httpx: `
import httpx
with httpx.Client() as c:
  print(c.get('${allowed}').json()[0]['number'])
  r = c.delete('${denied}')
  print(r.status_code, r.json()['message'])`,
};

for (const [library, program] of Object.entries(programs)) {
  test(`${library} works with a credential that it does not have, and gets the reason of a denial`, async t => {
    const module = library === 'urllib' ? 'urllib.request' : library;
    if (!has(t, python, '-c', `import ${module}`)) return;
    const seen = world.received.length;
    const asked = await decided(world, 'github.branch.delete');
    const { code, stdout, stderr } = await behind(world, [python, '-c', program]);
    assert.equal(code, 0, stderr);
    const [answer, refusal = ''] = stdout.split('\n');
    assert.equal(answer, '7');
    assert.match(refusal, /^403 /);
    assert.ok(refusal.includes(reason), refusal);
    assert.equal(world.received.length, seen + 1);
    assert.equal(world.received.at(-1)?.headers.authorization, `Bearer ${secret}`);
    assert.equal((await decided(world, 'github.branch.delete')) - asked, 1);
  });
}

test('pip reads an index through the proxy, and says that a denied one is forbidden', async t => {
  if (!has(t, python, '-m', 'pip', '--version')) return;
  // Their own proxy and certificates win over configuration files; none of this machine's are read.
  const env = { PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: 'https://pypi.org/simple', PIP_NO_CACHE_DIR: '1' };
  const pip = () =>
    behind(world, [python, '-m', 'pip', 'download', '--no-deps', '--disable-pip-version-check', '-v', 'tidy==2'], env);
  const { stdout, stderr } = await pip();
  assert.match(stdout + stderr, /from versions: 1\.0/);
  assert.deepEqual([world.received.at(-1)?.host, world.received.at(-1)?.target], ['pypi.org', '/simple/tidy/']);
  await world.ok([
    'permissions',
    'set',
    '--gateway',
    gateway,
    '--action',
    'http.get',
    '--resource',
    'host:pypi.org',
    '--effect',
    'deny',
  ]);
  const refused = await pip();
  // pip has no ear for reasons: all that it says of a page it may not read is that it has no versions.
  assert.match(refused.stdout + refused.stderr, /403 Client Error: Forbidden|from versions: none/);
});
