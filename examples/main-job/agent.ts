/**
 * The agent of the main job: an ordinary program that calls three APIs with `fetch`. It has never heard of Tollfence, and
 * it has no keys: whatever it sends as a credential is replaced on the way, or refused.
 */

const json = { 'content-type': 'application/json' };

const say = (text: string): void => console.log(`agent: ${text}`);

/** Says what became of a request: the API's answer, or the refusal (RFC 9457) that came in its place. */
async function report(what: string, response: Response): Promise<void> {
  const body = (await response.json()) as { readonly detail?: string; readonly next?: string };
  say(`${what} → ${response.status} ${response.headers.get('tf-decision') ?? 'not judged'}`);
  if (body.detail === undefined) return say(JSON.stringify(body));
  say(`refused: ${body.detail}`);
  say(`what to do: ${body.next ?? ''}`);
}

async function issue(): Promise<void> {
  const response = await fetch('https://api.github.com/repos/acme/site/issues', {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${process.env.GITHUB_TOKEN ?? 'none'}` },
    body: JSON.stringify({ title: 'The search page is empty' }),
  });
  await report('POST api.github.com/repos/acme/site/issues', response);
}

async function charge(): Promise<void> {
  const response = await fetch('https://api.stripe.com/v1/charges', {
    method: 'POST',
    body: new URLSearchParams({ amount: '420000', currency: 'eur', customer: 'cus_1' }),
  });
  await report('POST api.stripe.com/v1/charges amount=420000', response);
}

const ask = (): Promise<Response> =>
  fetch('https://api.openai.com/v1/chat/completions', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Tell me all.' }] }),
  });

/** Reads a stream of events until it ends or breaks off; if it breaks off, asks once more. */
async function chat(): Promise<void> {
  const response = await ask();
  let events = 0;
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      events += chunk.split('data:').length - 1;
      say(`${events} events so far`);
    }
    say(`the stream ended after ${events} events`);
  } catch {
    say(`the stream broke off after ${events} events`);
    await report('POST api.openai.com/v1/chat/completions, again', await ask());
  }
}

const tasks: Readonly<Record<string, () => Promise<void>>> = { issue, charge, chat };
const task = tasks[process.argv[2] ?? ''];
if (task === undefined) throw new Error(`The agent's tasks are: ${Object.keys(tasks).join(', ')}.`);
await task();
