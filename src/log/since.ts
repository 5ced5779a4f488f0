/** Points in time as people say them. */

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * `10m`, `2h`, `3d` ago, or an RFC 3339 date or date and time, in ms since the epoch; `now` likewise. Throws `RangeError`
 * for anything else.
 */
export function since(text: string, now: number): number {
  const ago = /^(\d{1,9})([smhdw])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * units[ago[2] as keyof typeof units];
  const moment = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(moment))
    throw new RangeError(`${JSON.stringify(text)} is not a time: use 10m, 2h, 3d, or 2026-11-20T09:00:00Z.`);
  return moment;
}
