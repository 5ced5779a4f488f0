/** Paths in which an escaped slash is a part of a name: that one name, and nothing else that somebody might make of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { generated } from '../../bin/proxy/generated.js';
import gitlab from '../../connectors/gitlab.js';
import { openCatalog } from '../../src/action/catalog.js';
import { exampleRequest } from '../../src/action/examples.js';
import type { Field } from '../../src/model.js';

const catalog = openCatalog([gitlab], { generated, whole: true });
const classify = (line: string, fields: readonly Field[] = []) =>
  catalog.classify(exampleRequest(line, 'gitlab.com', fields));

const part = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}[A-Za-z0-9_]$/);

test('a project is the same in every spelling of its path, and a path that is not escaped is no project', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 2, maxLength: 4 }), fc.boolean(), (parts, lower) => {
      const slash = lower ? '%2f' : '%2F';
      const { action, resource } = classify(`PUT /api/v4/projects/${parts.join(slash)}/merge_requests/7/merge`);
      assert.equal(action.name, 'gitlab.mr.merge');
      assert.deepEqual(resource, { type: 'project', id: parts.join('/').toLowerCase() });
      const plain = classify(`PUT /api/v4/projects/${parts.join('/')}/merge_requests/7/merge`);
      assert.equal(plain.typed, false);
    }),
    { numRuns: 300 },
  );
});

test('an escaped slash where no name may have one, or around nothing, is unclassified', () => {
  for (const path of [
    '42/merge_requests/7%2Fmerge',
    'acme%2F/merge_requests/7/merge',
    '%2Facme/merge_requests/7/merge',
    'acme%2F%2Fsite/merge_requests/7/merge',
    'acme%2F.%2Fsite/merge_requests/7/merge',
    'acme%2F..%2Fsite/merge_requests/7/merge',
    'acme%252Fsite/merge_requests/7/merge',
    'acme%2Fsite%5C/merge_requests/7/merge',
    'acme%2Fsite;x/merge_requests/7/merge',
    'acme%2Fsite%2Fmerge_requests%2F7%2Fmerge%00',
  ])
    assert.equal(classify(`PUT /api/v4/projects/${path}`).typed, false, path);
});

test('a request that acts for somebody else is unclassified, wherever it says so', () => {
  const path = '/api/v4/projects/42/issues';
  assert.equal(classify(`POST ${path} {"title":"x"}`).typed, true);
  const form: Field[] = [['Content-Type', 'multipart/form-data; boundary=x']];
  for (const [line, fields] of [
    [`POST ${path}?sudo=root`],
    [`POST ${path}?private_token=x`],
    [`POST ${path} {"sudo":"root"}`],
    [`POST ${path} sudo=root&title=x`],
    [`POST ${path} {"title":"x"}`, [['Sudo', 'root']]],
    [
      `POST ${path} {"title":"x"}`,
      [
        ['Sudo', 'a'],
        ['Sudo', 'b'],
      ],
    ],
    [`POST ${path} {"title":"x"}`, [['JOB-TOKEN', 'x']]],
    // What can't be read may say it.
    [`POST ${path} {"title":"x","title":"y","sudo":1,}`],
    [`POST ${path} "--x\\r\\nbroken"`, form],
  ] as const) {
    const { action } = classify(line, (fields ?? []) as readonly Field[]);
    assert.deepEqual([action.name, action.access], ['gitlab.unclassified', 'permissions'], line);
  }
});
