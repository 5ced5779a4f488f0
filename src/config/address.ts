/** Addresses, as they stand in the configuration and behind options. Loads nothing: `tf run` starts with it. */

const hostPort = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** Whether a text is `HOST:PORT`, with brackets around an IPv6 address. */
export const isHostPort = (text: string): boolean => Number(hostPort.exec(text)?.[2] ?? 65_536) < 65_536;

/** Whether a text is the URL of an HTTP proxy: `http(s)://[USER:PASSWORD@]HOST[:PORT]`, and nothing behind it. */
export function isProxyUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { username, password, pathname, search, hash } = new URL(text);
  try {
    decodeURIComponent(password);
    // Basic can't carry a user with a colon (RFC 7617 §2).
    return pathname + search + hash === '/' && !decodeURIComponent(username).includes(':');
  } catch {
    return false;
  }
}

/** Whether a text is a host name in lower case, or `*.` and one. */
export const isHostPattern = (text: string): boolean =>
  text.length <= 253 && /^(\*\.)?([a-z0-9_-]{1,63}\.)*(?!\d+$|0x[0-9a-f]*$)[a-z0-9_-]{1,63}$/.test(text);

/** Whether a text is a host name or IPv4 address in lower case, perhaps with a port. */
export const isOwnHost = (text: string): boolean =>
  /^[a-z0-9._-]{1,253}(:[1-9]\d{0,4})?$/.test(text) && Number(/:(\d+)$/.exec(text)?.[1] ?? 443) < 65_536;
