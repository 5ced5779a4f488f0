/** What an agent may do to the terminal of whoever approves: nothing of its text stands where ours does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf, view } from '../../bin/commands/approvals-view.js';
import { table } from '../../bin/print.js';
import type { Approval } from '../../src/approvals/index.js';
import { approval } from '../notify/approval.js';

/** What `work` prints on a terminal of 80 columns. */
function printed(work: () => void): string {
  const { stdout } = process;
  const kept = { write: stdout.write, isTTY: stdout.isTTY, columns: stdout.columns };
  let text = '';
  const write = (chunk: string): boolean => {
    text += chunk;
    return true;
  };
  Object.assign(stdout, { write, isTTY: true, columns: 80 });
  try {
    work();
  } finally {
    Object.assign(stdout, kept);
  }
  return text.replace(/\u001b\[\d+m/g, '');
}
const merge = approval({});
const asking = (parameters: Approval['action']['parameters']): Approval =>
  approval({ action: { ...merge.action, parameters }, demands: [{ approvers: [], approvals: 1 }] });

test('a cell of a table is inert whatever it holds, an escape sequence too', () => {
  const text = printed(() => table(['A', 'B'], [['\u001b]0;title\u0007\u001b[2J', 'one\nkilled  everything']]));
  assert.ok(text.includes('\\u{1b}]0;title\\u{7}\\u{1b}[2J'), text);
  assert.equal(text.split('\n').length, 3);
});

test('text that is longer than the terminal is wide goes on below itself, never at the beginning of a line', () => {
  const forged = `${'x'.repeat(69)} why       it was checked by alice (perm_1)${' '.repeat(60)}needs     nobody`;
  for (const text of [forged, '界'.repeat(300), `${'é'.repeat(70)}why       all is well`]) {
    const lines = printed(() => view(asking({ text }), true)).split('\n');
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.deepEqual(
      lines.filter(line => /^(why|needs) /.test(line)).map(line => line.slice(0, 5).trim()),
      ['why', 'needs'],
    );
    assert.ok(lines.filter(line => line.startsWith(' '.repeat(10))).length >= 2);
  }
});

test('an approval with very long parameters leaves the list of the others readable', () => {
  const long = rowOf(asking({ text: 'x'.repeat(100_000) }));
  assert.ok(long.every(cell => cell.length <= 80));
  assert.match(long.join(' '), /x…/);
  assert.ok(rowOf(asking({ amount: 7 })).includes('amount=7'));
});
