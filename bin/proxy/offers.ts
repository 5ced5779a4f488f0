/**
 * Offers: of a list of what may be done, an agent sees only what it may perhaps do. What is certainly denied is left out: what
 * no agent knows of, none tries. Whatever is shown is still decided when it is done.
 */
import { hash, randomUUID } from 'node:crypto';
import { readJson } from '../../src/action/json.js';
import { matchesPattern } from '../../src/action/pattern.js';
import type { Trace } from '../../src/gateway.js';
import type { Rewrite } from '../../src/http/rewrite.js';
import type { Caller, Meaning, Offers, Question, Value } from '../../src/model.js';
import { obstacle } from '../../src/policy/index.js';
import type { DataHouse } from './data-path.js';

type Read = NonNullable<ReturnType<Offers>>;

const sha256 = (text: string): string => hash('sha256', text, 'hex');

const mark = randomUUID();

/** Numerals that would be printed otherwise are carried as texts: what is left of an answer stays as it was written. */
const carried = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, part =>
    part.startsWith('"') || String(Number(part)) === part ? part : `"${mark}${part}"`,
  );
const restored = (text: string): string => text.replace(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1');

/** Whether the policy may let it through, whatever its parameters are. */
async function perhaps({ policy, gateways }: DataHouse, caller: Caller, asked: Question): Promise<boolean> {
  if (obstacle(caller, asked, gateways.find) !== null) return false;
  const { action, resource, subject } = asked;
  if (!policy.shipped) return (await policy.decide(asked)).effect !== 'deny';
  const about = resource.id === '' ? resource.type : `${resource.type}:${resource.id}`;
  // Every parent of a gateway must allow what it does.
  return [...new Set([subject.id, ...subject.chain])].every(gateway => {
    const speaking = gateways
      .permissions(gateway)
      .filter(permission => matchesPattern(permission.action, action.name, '.'))
      .filter(permission => permission.resource === null || matchesPattern(permission.resource, about, '/'));
    const denied = speaking.some(
      ({ effect, where, hours }) => effect === 'deny' && where === null && hours === undefined,
    );
    return !denied && speaking.some(({ effect }) => effect !== 'deny');
  });
}

/** The question about doing what a list offers, of which nothing but its name is known. */
function questionAbout(question: Question, connector: string, meaning: Meaning): Question {
  const { also: _, ...rest } = question;
  const [type = '', id = ''] = (meaning.resource ?? '').split(/:(.*)/s);
  const { access = 'write', parameters = {}, unknown = [] } = meaning;
  return {
    ...rest,
    action: { name: `${connector}.${meaning.action}`, connector, access, parameters, unknown },
    resource: { type, id },
  };
}

/** What becomes of the answer to this request; null: it passes as it is. */
export function rewriteOf(house: DataHouse, trace: Trace): Rewrite | null {
  const { caller, meaning, question } = trace;
  const connector = meaning?.connector ?? null;
  if (caller === null || meaning === null || question === null || connector?.offers === undefined) return null;
  const reads = [meaning, ...(meaning.also ?? [])]
    .map(({ action }) => connector.offers!(action.name.slice(connector.name.length + 1)))
    .filter(read => read !== null);
  const [read] = reads;
  if (read === undefined) return null;
  return async text => {
    // What two readers could read differently may list more for one of them.
    if (readJson(text) === undefined) return null;
    const message = JSON.parse(carried(text)) as Value;
    const changed = Array.isArray(message)
      ? await Promise.all((message as readonly Value[]).map(one => only(one, read)))
      : await only(message, read);
    const same = Array.isArray(changed)
      ? changed.every((one, i) => one === (message as Value[])[i])
      : changed === message;
    return same ? text : restored(JSON.stringify(changed));
  };

  async function only(message: Value, offered: Read): Promise<Value> {
    const list = offered(message, sha256);
    if (list === null) return message;
    const shown: boolean[] = [];
    for (const entry of list.entries)
      shown.push(entry !== null && (await perhaps(house, caller!, questionAbout(question!, connector!.name, entry))));
    return shown.every(Boolean) ? message : list.only(shown);
  }
}
