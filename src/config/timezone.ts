/** Time zones, as they stand in the configuration and behind hours: names of the IANA database that this Node knows. */
import { z } from 'zod';

/** Whether `Europe/Berlin`, `UTC` and the like is one, in its own spelling. Offsets such as `+01:00` have no daylight saving and no name. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** A time zone in a configuration. */
export const timezone = z.string().refine(isTimeZone, 'must be a time zone of the IANA database such as Europe/Berlin');
