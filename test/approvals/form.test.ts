/** Uploads: a form is sent with another boundary at each try, and with nothing else that is another. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bindingsOf } from '../../src/approvals/binding.js';
import { asking } from './room.js';

function bound(content: Buffer, type: string): string {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const body = { state: 'complete', bytes: content.length, sha256, media_type: 'multipart/form-data' } as const;
  const at = { scheme: 'https', host: 'api.test', port: 443, method: 'POST', path: '/v1/files', query: '' } as const;
  const request = { ...at, upgrade: null, fields: [['Content-Type', type] as const], body, content };
  return bindingsOf({ ...asking(), request }, { secret: null }).binding;
}
const form = (boundary: string, parts: readonly string[], end = '--\r\n'): Buffer =>
  Buffer.from(`${parts.map(part => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}${end}`, 'latin1');
const sent = (boundary: string, parts: readonly string[]): string =>
  bound(form(boundary, parts), `multipart/form-data; boundary=${boundary}`);
const part = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;

test('a form is the same under another boundary, and another if any part of it is', () => {
  const parts = fc.array(fc.tuple(fc.string(), fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const [mine, others] = [one, other].map(all => all.map(([name, value]) => part(name, value)));
      assert.equal(sent('----first-0123456789', mine!), sent('----second-9876', mine!));
      if (!form('-', mine!).equals(form('-', others!)))
        assert.notEqual(sent('----first-0123456789', mine!), sent('----second-9876', others!));
    }),
  );
});

test('a form that can be read in two ways is bound byte by byte', () => {
  const hidden = part('a', `x\n--inner\r\n${part('amount', '9000')}`);
  assert.notEqual(sent('inner', [hidden]), sent('outer', [hidden]));
  const one = form('one', [part('a', 'x')]);
  const two = form('two', [part('a', 'x')]);
  for (const [before, behind] of [
    ['preamble\r\n', ''],
    ['', 'epilogue'],
  ])
    assert.notEqual(
      bound(Buffer.from(`${before}${one}${behind}`), 'multipart/form-data; boundary=one'),
      bound(Buffer.from(`${before}${two}${behind}`), 'multipart/form-data; boundary=two'),
    );
  for (const type of ['multipart/mixed; boundary=', 'multipart/form-data; charset=utf-7; boundary='])
    assert.notEqual(bound(one, `${type}one`), bound(two, `${type}two`));
});
