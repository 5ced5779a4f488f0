/** Links: the section `links` of the configuration: under which address people reach the pages of `dashboard`. */
import { z } from 'zod';

/** Whether a text is such as `https://approve.corp.example`: no path, no user, nothing behind it. */
function isPublicUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash, pathname } = new URL(text);
  return username + password + search + hash === '' && pathname === '/';
}

export const links = z
  .strictObject({
    url: z.string().refine(isPublicUrl, 'must be a URL such as https://approve.corp.example').optional(),
  })
  .prefault({});
