/**
 * Hosts: who serves a name. Exact names go before patterns, longer patterns before shorter ones; a `*` at the front is one
 * or more labels, anywhere else exactly one (`lambda.*.amazonaws.com`).
 */

/** Names that nobody can register (RFC 2606, RFC 6762 Appendix G, ICANN's `internal`): what is below one is an operator's own. */
const ownNames = /\.(?:test|local|internal|intranet|private|corp|home|lan)$/;

/**
 * Whether a text is a host pattern: lower-case labels, of which those of `*` stand for others; never the last two, for
 * anybody may be `*.com`, and would be sent the secret.
 */
export const isHostPattern = (text: string): boolean =>
  /^(?:\*|[a-z0-9-]+)(?:\.(?:\*|[a-z0-9-]+))+$/.test(text) &&
  /[a-z0-9]$/.test(text) &&
  (!text.includes('*') || ownNames.test(text) || /[a-z0-9-]+\.[a-z0-9-]+$/.test(text));

/** What serves which host. */
export class HostIndex<T> {
  readonly #names = new Map<string, T>();

  /** Adds a pattern, with `:port` behind it if it is for that port; what serves it already, or undefined. */
  add(pattern: string, value: T): T | undefined {
    const other = this.#names.get(pattern);
    if (other === undefined) this.#names.set(pattern, value);
    return other;
  }

  /** What serves a host in canonical form, or undefined. */
  find(host: string): T | undefined {
    const exact = this.#names.get(host);
    if (exact !== undefined) return exact;
    const labels = host.split('.');
    // Names of hosts have few labels; one with more has no more patterns than this.
    for (let at = 1; at < labels.length && at < 12; at++) {
      const suffix = labels.slice(at).join('.');
      const found = this.#oneLabel(labels, at) ?? this.#names.get(`*.${suffix}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A pattern with a `*` in place of the label at `at` (and perhaps of what is in front of the one before it). */
  #oneLabel(labels: readonly string[], at: number): T | undefined {
    const behind = labels.slice(at + 1).join('.');
    if (behind === '') return undefined;
    const whole = this.#names.get([...labels.slice(0, at), '*', behind].join('.'));
    if (whole !== undefined) return whole;
    for (let from = 1; from < at; from++) {
      const found = this.#names.get(['*', ...labels.slice(from, at), '*', behind].join('.'));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
