/** Memory: what the bodies under judgement hold, in all and of each gateway, so that one of them can't starve the others. */

/** What one body holds. */
export interface Share {
  /** Holds so many bytes more; false if there is no room for them. They count until {@link release} even so. */
  hold(bytes: number): boolean;
  /** Says that the body needs less and less from now on. `needed` in bytes; asked when memory runs short. */
  shrinks(needed: () => number): void;
  /** Gives everything back. More than once does nothing. */
  release(): void;
}

/** The memory of one proxy. */
export interface Memory {
  /** A share, still empty. */
  share(gateway: string): Share;
}

/** Opens memory for `total` bytes, and at most `each` for one gateway. */
export function openMemory(total: number, each: number): Memory {
  const used = new Map<string, number>();
  const shrinking = new Set<() => void>();
  let inUse = 0;

  const share = (gateway: string): Share => {
    let held = 0;
    let needed: (() => number) | null = null;
    const add = (bytes: number): void => {
      held += bytes;
      inUse += bytes;
      const now = (used.get(gateway) ?? 0) + bytes;
      if (now > 0) used.set(gateway, now);
      else used.delete(gateway);
    };
    const shrink = (): void => {
      if (needed !== null) add(Math.min(0, needed() - held));
    };
    const fits = (): boolean => inUse <= total && (used.get(gateway) ?? 0) <= each;
    return {
      hold(bytes) {
        add(bytes);
        if (fits()) return true;
        for (const other of shrinking) other();
        return fits();
      },
      shrinks(to) {
        needed = to;
        shrinking.add(shrink);
      },
      release() {
        shrinking.delete(shrink);
        add(-held);
      },
    };
  };
  return { share };
}
