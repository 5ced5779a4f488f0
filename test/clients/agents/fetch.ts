/** An agent without any library. */
import { report } from './report.js';

async function call(method: string, path: string): Promise<unknown> {
  const response = await fetch(`https://api.github.com/repos/acme/site${path}`, { method });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error((body as { detail: string }).detail);
  return body;
}

await report(
  async () => ((await call('GET', '/issues')) as { number: number }[])[0]?.number,
  () => call('DELETE', '/git/refs/heads/main'),
);
