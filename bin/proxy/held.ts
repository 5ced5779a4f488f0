/** Held: a request that waits for people's consent is told why, if it is stopped meanwhile. */
import { Refusal } from '../../src/errors.js';
import type { Flight } from '../../src/http/flights.js';
import type { KillSwitch } from '../../src/identity/kill.js';

/** Waits for `answer`; what stops the flight meanwhile is told to its client, before its connection falls. */
export async function held<T>(flight: Flight, kill: Pick<KillSwitch, 'check'>, answer: () => Promise<T>): Promise<T> {
  flight.held = true;
  try {
    const permit = await answer();
    if (flight.stoppedBy === null) return permit;
  } catch (error) {
    if (flight.stoppedBy === null) throw error;
  } finally {
    flight.held = false;
  }
  kill.check(flight);
  throw ended(flight);
}

function ended({ stoppedBy, gateway }: Flight): Refusal {
  switch (stoppedBy?.kind) {
    case 'run':
    case 'grant':
      return new Refusal(
        'unauthenticated',
        `The ${stoppedBy.kind} ${stoppedBy.name} ended while this request waited for approval.`,
      );
    case 'gateway':
    case 'connector':
      return new Refusal('denied', `${gateway} was removed while this request waited for approval.`);
    default:
      return new Refusal('approval_pending', 'The proxy ended while this request waited for approval.', {
        retryAfter: 5,
      });
  }
}
