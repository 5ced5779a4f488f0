/** The pages for people: opened where `dashboard` says, and only then. */
import type { Links } from '../../src/approvers/index.js';
import type { Config } from '../../src/config.js';
import { exitCode, Fault } from '../../src/errors.js';
import type { Notify } from '../../src/notify/index.js';
import type { Web } from '../../src/web/index.js';
import { addressOf } from './listen.js';

/** Serves them; null if `dashboard` is off. Throws `Fault` if the address can't be had. */
export async function openPages(
  { dashboard, links: { url } }: Pick<Config, 'dashboard' | 'links'>,
  links: Links,
  now: () => number,
  slack?: Notify['slackInteraction'],
): Promise<Web | null> {
  if (dashboard === 'off') return null;
  const { serveWeb } = await import('../../src/web/index.js');
  try {
    return await serveWeb({
      links,
      now,
      listen: addressOf(dashboard, ''),
      ...(url !== undefined && { url }),
      ...(slack && { slack }),
    });
  } catch (error) {
    throw new Fault(
      exitCode.failed,
      `The page for approvers can't listen on ${dashboard}: ${(error as Error).message}.`,
      'Choose another address for "dashboard" in config.yaml, or off.',
    );
  }
}
