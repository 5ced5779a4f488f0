/** Deferral: the section `defer` of the configuration. */
import { z } from 'zod';
import { duration } from './duration.js';

/** Times in milliseconds, once read. */
export const defer = z
  .strictObject({
    window: duration.default(300_000),
    late: duration.default(86_400_000),
  })
  .prefault({});
