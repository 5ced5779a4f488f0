import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config.js';

const faults = (notify: string): string => {
  try {
    parseConfig(`notify: ${notify}`);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

test('nobody is notified unless the configuration says so', () => {
  const { slack, webhook, email, gateway } = parseConfig('').notify;
  assert.deepEqual([slack, webhook, email, gateway], ['off', [], 'off', 'notifier']);
});

test('the section notify is strict, and names what is wrong', () => {
  assert.equal(faults('{slack: {channel: C0123ABCD, socket: true}}'), '');
  assert.equal(faults('{webhook: [{url: "https://hooks.example.com:8443/x?y=z"}]}'), '');
  for (const [notify, path] of [
    ['{slck: {}}', /notify\.slck: there is no such key/],
    ['{slack: {channel: general}}', /notify\.slack/],
    ['{slack: {channel: C0123ABCD, socket: true, signing_secret_file: f}}', /notify\.slack/],
    ['{slack: {channel: C0123ABCD, socket: true, app_gateway: notifier}}', /notify: has one gateway for two tokens/],
    ['{webhook: [{url: "http://hooks.example.com/"}]}', /notify\.webhook\.0\.url: must be an https URL/],
    ['{webhook: [{url: "https://user:word@hooks.example.com/"}]}', /notify\.webhook\.0\.url/],
    ['{webhook: [{url: "https://h.example/"}, {url: "https://h.example/"}]}', /notify\.webhook: names a URL twice/],
    ['{email: {command: [], from: a@b.example}}', /notify\.email/],
    ['{email: {command: [mail], from: "a@b.example, c@d.example"}}', /notify\.email/],
    ['{email: {command: [mail], from: a@b.example, to: ["x@y.example\\nBcc: z@y.example"]}}', /notify\.email/],
    ['{attempts: 0}', /notify\.attempts/],
  ] as const)
    assert.match(faults(notify), path);
});
