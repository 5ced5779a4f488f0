/** Past: what was decided before this proxy started, from the log. */
import { Reader } from '../../src/log/index.js';
import type { Past } from '../../src/policy/index.js';

const hourMs = 3_600_000;

/** How many requests of each gateway were decided in each minute of the hour in which the proxy `started` (ms), until then. */
export const pastOf =
  (ledger: string, started: number): Past =>
  () => {
    const reader = new Reader(ledger);
    try {
      return reader.decided(started - (started % hourMs), started);
    } finally {
      reader.close();
    }
  };
