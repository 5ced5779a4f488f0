/** Gateways: the section `gateways` of the configuration. */
import { z } from 'zod';
import { duration } from './duration.js';

/** Times in milliseconds, once read. */
export const gateways = z.strictObject({ purge_after: duration.default(300_000) }).prefault({});
