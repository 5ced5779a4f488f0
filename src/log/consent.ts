/**
 * Consent: the part of verification that follows what approvals demand and who has said yes. Only those that still lack a yes
 * are remembered, so that memory doesn't grow with the log.
 */

type Entry = { readonly [member: string]: unknown };

/** So many different people of these: names, or `role:NAME`; of anybody if there are none. */
interface Demand {
  readonly approvers: readonly string[];
  readonly approvals: number;
}

interface Asked {
  readonly demands: readonly Demand[];
  /** Names of those who signed; null: the operator's word, while nobody was registered. */
  readonly yes: (string | null)[];
}

/** Roles of an approver who is registered, or undefined. */
type Roles = (name: string) => readonly string[] | undefined;

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

/** What can't be read demands what nobody can meet. */
function demandsOf({ demands }: Entry): readonly Demand[] {
  if (demands === undefined) return [{ approvers: [], approvals: 1 }];
  if (!Array.isArray(demands)) return [{ approvers: [], approvals: Number.POSITIVE_INFINITY }];
  return (demands as unknown[]).map(each => {
    const { approvers, approvals } = (each ?? {}) as Entry;
    return {
      approvers: texts(approvers),
      approvals: typeof approvals === 'number' ? approvals : Number.POSITIVE_INFINITY,
    };
  });
}

export class Consent {
  readonly #lacking = new Map<unknown, Asked>();
  readonly #roles: Roles;

  constructor(roles: Roles) {
    this.#roles = roles;
  }

  asked(entry: Entry): void {
    this.#lacking.set(entry.approval, { demands: demandsOf(entry), yes: [] });
  }

  /** Notes a yes whose signature holds, or the operator's. */
  yes(entry: Entry, approver: string | null): void {
    const asked = this.#lacking.get(entry.approval);
    asked?.yes.push(approver);
    if (asked !== undefined && this.#met(asked)) this.#lacking.delete(entry.approval);
  }

  /** What somebody said who is registered no more counts no more, also if another one of that name comes. */
  left(approver: string): void {
    for (const { yes } of this.#lacking.values())
      for (let at = yes.indexOf(approver); at >= 0; at = yes.indexOf(approver)) yes.splice(at, 1);
  }

  /** Nothing more is to be expected of it. */
  ended(entry: Entry): void {
    this.#lacking.delete(entry.approval);
  }

  /** Whether an approval was used although not everybody had said yes whom it demands. */
  lacks(entry: Entry): boolean {
    const asked = this.#lacking.get(entry.approval);
    return asked !== undefined && !this.#met(asked);
  }

  #met({ demands, yes }: Asked): boolean {
    const operator = yes.includes(null);
    // As the proxy counts: whoever isn't registered any more doesn't.
    const people = [...new Set(yes)].filter(name => name !== null && this.#roles(name) !== undefined) as string[];
    return demands.every(({ approvers, approvals }) => {
      if (operator && approvers.length === 0 && approvals <= 1) return true;
      const those = people.filter(
        name =>
          approvers.length === 0 ||
          approvers.includes(name) ||
          this.#roles(name)!.some(role => approvers.includes(`role:${role}`)),
      );
      return those.length >= approvals;
    });
  }
}
