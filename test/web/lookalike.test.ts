/** What is written to be misread: an approver sees on the page what he would see on the terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inert } from '../../bin/print.js';
import type { Approval } from '../../src/approvals/index.js';
import { askingPage } from '../../src/web/pages.js';
import { approval } from './place.js';

const pageOf = (shown: Approval): string => askingPage(shown, 'alice', '2026-01-01T00:15:00.000Z');

test('letters that look like others, and what nobody sees, are spelled out on the page as on the terminal', () => {
  for (const id of ['p\u0430ypal.com', 'acme\ufe0f.example', 'acme\u034f.example', 'acme\ue000', '\u03bfctocat']) {
    const page = pageOf(approval({ resource: { type: 'host', id } }));
    assert.notEqual(inert(id), id);
    assert.ok(!page.includes(id), JSON.stringify(id));
    assert.ok(page.includes(`host:${inert(id)}`), JSON.stringify(id));
  }
  assert.ok(pageOf(approval({ resource: { type: 'host', id: 'Zoë 東京 платёж' } })).includes('Zoë 東京 платёж'));
});
