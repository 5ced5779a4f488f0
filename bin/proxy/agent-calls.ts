/**
 * Agent calls: `POST http://PROXY/_/tollfence/v1/NAME`, by which a program inside a run asks who it is, for a narrower grant, and
 * whether it may do something by itself. They come in as requests do and go nowhere.
 */

import {
  decodeText,
  emptyObject,
  isObject,
  type Json,
  type JsonObject,
  readJson,
  unclear,
} from '../../src/action/json.js';
import type { AgentCall, AgentCaller } from '../../src/control/index.js';
import { Refusal } from '../../src/errors.js';
import { openTrace, type Rooms } from '../../src/gateway.js';
import type { Exchange } from '../../src/http/exchange.js';
import type { Flight } from '../../src/http/flights.js';

const place = '/_/tollfence/v1/';

/** Whether an exchange is one. */
export const isAgentCall = ({ head }: Exchange): boolean => head.direct !== undefined && head.target.startsWith(place);

/** Answers calls, in this process or another one. */
export type AnswerAgent = (caller: AgentCaller, call: AgentCall, gone: AbortSignal) => Promise<object>;

const largest = 64 * 1024;

/** Whether something in it can't be given exactly. */
const isUnclear = (value: Json | undefined): boolean =>
  value === unclear || (typeof value === 'object' && value !== null && Object.values(value).some(isUnclear));

/** The body: what two readers could take for two different things is not judged. */
function bodyOf(content: Uint8Array | null): JsonObject {
  if (content === null || content.length === 0) return emptyObject();
  if (content.length > largest) throw new Refusal('malformed_request', 'It is longer than 64 KiB.');
  const text = decodeText(content);
  const body = text === undefined ? undefined : readJson(text);
  if (isUnclear(body))
    throw new Refusal('malformed_request', 'A number, or a text with NUL, in the body can be read in two ways.', {
      next: 'Send it as a string.',
    });
  if (!isObject(body)) throw new Refusal('malformed_request', 'The body is not a JSON object that has one meaning.');
  return body;
}

function read(method: string, target: string, content: Uint8Array | null): AgentCall {
  if (method !== 'POST') throw new Refusal('malformed_request', 'This is asked with POST.');
  return { route: target.slice(place.length), body: bodyOf(content) };
}

/** What was recorded of it by then. */
const evidenceOf = (error: unknown) =>
  error instanceof Refusal && error.extra.evidence !== undefined ? { evidence: error.extra.evidence } : {};

/** Carries one. Never rejects. */
export async function answerAgentCall(exchange: Exchange, flight: Flight, rooms: Rooms, answer: AnswerAgent) {
  const trace = openTrace(null);
  const gone = new AbortController();
  flight.onStop = () => gone.abort();
  let release = (): void => {};
  try {
    const caller = await rooms.authenticate(exchange, flight);
    trace.caller = caller;
    flight.belongTo(caller);
    rooms.checkKill(flight);
    // Nothing is sent, so whoever is stopped can be told.
    flight.held = true;
    const decoded = await rooms.decode(exchange, caller);
    release = decoded.release;
    const { subject, grants } = caller;
    const call = read(decoded.request.method, exchange.head.target, decoded.request.content);
    const said = await answer({ run: subject.run, grant: grants.at(-1)?.id ?? null }, call, gone.signal);
    const body = Buffer.from(`${JSON.stringify(said)}\n`);
    const fields = [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Content-Length', String(body.length)],
      ['Cache-Control', 'no-store'],
    ] as const;
    exchange.answer({ status: 200, fields, body }, false);
  } catch (error) {
    const refusal = flight.stopped
      ? new Refusal('killed', 'This was stopped before it was answered.', evidenceOf(error))
      : error instanceof Refusal
        ? error
        : new Refusal('proxy_error', 'Tollfence failed while it answered.', { cause: error });
    await rooms.refuse(exchange, refusal, trace).catch(() => exchange.destroy());
  } finally {
    flight.onStop = null;
    release();
  }
}
