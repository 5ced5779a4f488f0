/**
 * Crowd: what comes and goes with every request. Not a Set: the tables that a busy Set leaves behind keep what was in them
 * from the garbage collector until its next full round, and so each exchange with everything that it holds.
 */

/** Knows its own place in a crowd; -1 in none. */
export interface Member {
  place: number;
}

/** Members in no order. Adding and removing cost the same however many there are. */
export class Crowd<T extends Member> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Takes a member in, unless it is in already. */
  add(member: T): void {
    if (member.place >= 0) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Lets it go; false if it wasn't in. */
  delete(member: T): boolean {
    if (member.place < 0) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
    return true;
  }

  /** Those that are in now; who comes or goes meanwhile changes nothing here. */
  all(): readonly T[] {
    return [...this.#members];
  }
}
