/** Verdict: what `tf audit verify` says of a log that holds together. */
import type { Sound } from '../../src/log/index.js';
import { inert, line, styled } from '../print.js';

/** What an intact log does, and does not, prove. */
export function explain(sound: Sound): void {
  const { entries, attested, anchored } = sound;
  line(
    `${styled('green', 'The log holds together:')} ${entries} entries of ${inert(sound.origin ?? 'no log')}, none changed, moved, repeated or missing between them.`,
  );
  if (attested === entries) line(`Attested: all ${entries} are covered by a checkpoint that the log signed.`);
  else
    line(
      styled(
        'yellow',
        `Not attested: entries ${attested} to ${entries - 1} are chained, but no signed checkpoint covers them yet.`,
      ),
    );
  const { signed, vouched, keys } = sound.answers;
  if (signed + vouched > 0)
    line(
      `Approvals: ${signed} signed by approvers, ${vouched} by the proxy for an approver (by link or the like); every signature holds.`,
    );
  if (sound.subjects > 0) line(`Subjects: ${sound.subjects}, each as the key of its gateway has signed it.`);
  for (const { approver, key } of keys) line(`Approver ${inert(approver)}: ${inert(key)}`);
  if (anchored === null) {
    line(
      styled(
        'yellow',
        'Not attested by anybody outside: without a saved head nobody can tell whether entries were cut off at the end, or the whole log was written anew with its key.',
      ),
    );
    line(
      'Save a head elsewhere now and then (tf audit head > FILE), and verify against it: tf audit verify --head FILE',
    );
  } else if (anchored === entries) line('The saved head covers all of it.');
  else
    line(
      `The saved head covers the first ${anchored} entries; for those behind it, nobody outside can tell whether some were cut off at the end.`,
    );
}
