/** An agent without any library. */
import { report } from './report.js';

const api = 'https://api.github.com/repos/acme/site';
await report(
  async () => {
    const issues = (await (await fetch(`${api}/issues`)).json()) as { number: number }[];
    return issues[0]?.number;
  },
  async () => {
    const response = await fetch(`${api}/git/refs/heads/main`, { method: 'DELETE' });
    if (!response.ok) throw new Error(((await response.json()) as { detail: string }).detail);
  },
);
