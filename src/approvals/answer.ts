/** Answer: what somebody says to an approval, and what becomes of it by that. On disk before it has effect. */
import { exitCode, Fault } from '../errors.js';
import type { Answer, People } from './approval.js';
import { type Book, entry } from './book.js';
import { approverOf, met, neededOf } from './demand.js';
import type { Precedents } from './difference.js';
import type { Held } from './kept.js';
import { checkScope, narrowed } from './scope.js';

/** Who can be asked, and about what. */
export interface Council {
  readonly book: Book;
  readonly people: People;
  readonly precedents: Precedents;
  /** Account of the operator. */
  readonly owner: string;
  readonly now: () => number;
}

const over = ({ id, state }: Held): Fault => new Fault(exitCode.failed, `The approval ${id} is ${state} already.`);

/** Throws `Fault`: see `Approvals.answer`. */
export async function answer(council: Council, approval: Held, given: Answer): Promise<void> {
  const { book } = council;
  const { state } = approval;
  if (state !== 'pending' && !(state === 'granted' && given.verdict === 'refused')) throw over(approval);
  if (book.answering(approval))
    throw new Fault(exitCode.failed, `The approval ${approval.id} is being answered by somebody else.`);
  const done = await (given.verdict === 'refused' ? refuse : consent)(council, approval, given);
  // A kill may have come first.
  if (approval.state !== state) throw over(approval);
  done();
}

async function refuse({ book, people }: Council, approval: Held, { by, reason, scope = {}, signed }: Answer) {
  if (signed !== undefined) people.check(signed, approval, { verdict: 'refused', scope });
  const standing = approval.state === 'granted';
  const taken = standing && { used: approval.used };
  await book.record(
    approval,
    entry('approval.refused', approval, { by, reason, ...(signed && { scope }), ...signed, ...taken }),
  );
  return () => {
    // What stood is asked for anew; nobody waits to hear that it doesn't any more.
    Object.assign(approval, { by, reason: reason || null, told: standing });
    book.settle(approval, 'refused');
  };
}

async function consent({ book, people, precedents, owner, now }: Council, approval: Held, given: Answer) {
  const { by, reason, scope = {}, signed } = given;
  checkScope(scope, approval);
  const approver = approverOf(approval, given, people)?.name ?? null;
  const at = new Date(now()).toISOString();
  const yes = [...approval.yes, { by, approver, at, scope }];
  const needed = neededOf(approval);
  const { sub, issuer } = approval.subject.user;
  await book.record(
    approval,
    entry('approval.granted', approval, {
      ...{ by, reason, scope },
      ...signed,
      ...(approver === null && issuer === undefined && sub === owner && { same_user: true }),
      ...(needed > 1 && { given: yes.length, needed }),
    }),
  );
  return () => {
    Object.assign(approval, { yes, by, reason: reason || null });
    if (!met(approval, people)) return book.settle(approval, 'pending');
    const granted = yes.map(one => one.scope).reduce(narrowed);
    approval.scope = granted;
    if (granted.for_ms !== undefined) approval.expires_at = new Date(now() + granted.for_ms).toISOString();
    else if (granted.run && granted.count === undefined) approval.expires_at = null;
    precedents.note(approval, at);
    book.settle(approval, 'granted');
  };
}
