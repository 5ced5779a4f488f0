/** Fuzz: the pkt-lines of a push. The commands that are read, printed again, are read as the same. */
import assert from 'node:assert/strict';
import { readPush } from '../../connectors/git/commands.js';
import type { Target } from '../target.js';

const zero = '0'.repeat(40);
const one = '1'.repeat(40);
const packet = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;

export const packets: Target = {
  name: 'packets',
  seeds: [
    `${packet(`${zero} ${one} refs/heads/main\0 report-status side-band-64k`)}0000PACK`,
    `${packet(`${one} ${zero} refs/heads/old\0`)}${packet(`${one} ${one} refs/tags/v1\n`)}0000`,
    `${packet(`shallow ${one}`)}${packet(`${one} ${one} refs/heads/a\0atomic`)}0000`,
    '0000',
  ],
  tokens: [
    '0000',
    '0001',
    '0004',
    'ffff',
    '\0',
    '\n',
    ' ',
    zero,
    one,
    'refs/heads/',
    packet(`${zero} ${one} refs/x`),
    'push-cert',
    '\\',
  ],
  run(input) {
    const found = readPush(input)?.commands ?? null;
    if (found === null) return 'unknown';
    const printed = found.map(({ ref, before, after }, i) => packet(`${before} ${after} ${ref}${i === 0 ? '\0' : ''}`));
    assert.deepEqual(readPush(Buffer.from(`${printed.join('')}0000`, 'latin1'))?.commands, found);
    return `${found.length} ${found.map(({ kind }) => kind[0]).join('')}`;
  },
};
