/**
 * Tokens: what a request to a language model may use at most, from its body. No tokenizer makes more tokens of a text than it
 * has bytes; but what is not text, or not in the body, is as long as the model can read.
 */
import type { RequestView, TokenCost, Value } from '../src/model.js';

/** What the API puts around messages and tools, of which the body says nothing. */
const around = 2000;

/** Types of parts, tools and settings that bring nothing but what stands in the body. */
const plain = new Set(
  'text input_text output_text message refusal function function_call function_call_output custom custom_tool_call custom_tool_call_output tool tool_use tool_result thinking redacted_thinking reasoning reasoning_text summary_text enabled disabled adaptive auto any none ephemeral json_schema json_object grammar allowed_tools'.split(
    ' ',
  ),
);
/** Tools that Anthropic defines and the agent runs. */
const ownTools = /^(bash|text_editor|computer|memory)_\d{8}$/;
/** What makes a context shorter without asking a model. */
const clearing = /^clear_(tool_uses|thinking)_\d{8}$/;

/** Members in which `type` is a word of somebody else's. */
const foreign = new Set(['parameters', 'input_schema', 'schema', 'metadata', 'arguments', 'format']);

/** Members that refer to what the body doesn't hold. */
const elsewhere = ['previous_response_id', 'conversation', 'container', 'mcp_servers'];

/** Members that cost nothing but their bytes, and those of `fees` and `elsewhere`; what others cost, nobody here knows. */
const usual = new Set([
  ...'model messages input prompt instructions system stream stream_options store background user metadata'.split(' '),
  ...'max_tokens max_completion_tokens max_output_tokens max_tokens_to_sample n best_of stop stop_sequences'.split(' '),
  ...'temperature top_p top_k seed logit_bias logprobs top_logprobs frequency_penalty presence_penalty echo'.split(' '),
  ...'suffix tools tool_choice parallel_tool_calls max_tool_calls functions function_call response_format'.split(' '),
  ...'text modalities reasoning reasoning_effort verbosity thinking output_config output_format include'.split(' '),
  ...'truncation dimensions encoding_format safety_identifier prompt_cache_key prompt_cache_options'.split(' '),
  ...'prompt_cache_retention cache_control diagnostics betas user_profile_id workspace_id'.split(' '),
]);

/** Members because of which a request costs more than the tokens of its model at the usual price, unless they have these values. */
const fees: { readonly [member: string]: readonly Value[] } = {
  web_search_options: [],
  audio: [],
  prediction: [],
  container: [],
  service_tier: ['auto', 'default', 'flex', 'standard_only', 'batch'],
  speed: ['standard'],
  inference_geo: ['global'],
};

type Members = { readonly [name: string]: Value };

const isMembers = (value: Value | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPlain = (type: string): boolean => plain.has(type) || ownTools.test(type) || clearing.test(type);

/** Whether there is nothing in it but text, as far as its types tell. An `id` without a type names what is elsewhere. */
function isText(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isText);
  const { type } = value as Members;
  if (type === undefined ? 'id' in value : !(typeof type === 'string' && isPlain(type))) return false;
  // What a model passed to a tool is somebody else's, too.
  return Object.entries(value).every(
    ([name, inner]) => foreign.has(name) || (type === 'tool_use' && name === 'input') || isText(inner),
  );
}

/** Whether it only makes the context shorter; a summary is written by a model. */
const clears = (value: Value | undefined): boolean =>
  isMembers(value) &&
  Array.isArray(value.edits) &&
  value.edits.every(edit => isMembers(edit) && typeof edit.type === 'string' && clearing.test(edit.type));

const isKnown = (name: string, value: Value | undefined): boolean =>
  !isThere(value) ||
  usual.has(name) ||
  Object.hasOwn(fees, name) ||
  elsewhere.includes(name) ||
  (name === 'context_management' && clears(value));

/** Whether each tool is one that the agent runs by itself. */
const runsItself = (tools: Value | undefined): boolean =>
  tools === undefined ||
  (Array.isArray(tools) &&
    tools.every(tool => {
      const type = isMembers(tool) ? (tool.type ?? 'function') : null;
      return typeof type === 'string' && (type === 'function' || type === 'custom' || ownTools.test(type));
    }));

/** Anthropic's beta in which a model reads more than it does otherwise. */
const longContext = 1_000_000;
const readsLong = (request: RequestView): boolean =>
  request.has('anthropic-beta') && /context-1m|^$/i.test(request.header('anthropic-beta') ?? '');

/** A whole number from `least`; undefined if it is absent, null if it is something else. */
const whole = (value: Value | undefined, least: number): number | null | undefined =>
  value === undefined || value === null
    ? undefined
    : typeof value === 'number' && Number.isSafeInteger(value) && value >= least
      ? value
      : null;

const isThere = (value: Value | undefined): value is Value => value !== undefined && value !== null;

/**
 * The cost of a request whose body names its model. `output`: members that bound one answer, of which the largest counts;
 * none for a model that answers with no tokens.
 */
export const tokens =
  (...output: readonly string[]) =>
  (request: RequestView): TokenCost => {
    const { json, bytes } = request;
    if (!isMembers(json) || bytes === null)
      return { model: null, input: null, output: null, choices: null, fees: true, strange: [] };
    // A prompt that is kept there may bring tools. Where the provider runs them, the model reads all of it again after each.
    const itself = runsItself(json.tools) && !isMembers(json.prompt) && !isThere(json.mcp_servers);
    const bounded = itself && isText(json) && !elsewhere.some(name => isThere(json[name]));
    const bounds = output.map(name => whole(json[name], 0)).filter(bound => bound !== undefined);
    const known = bounds.filter(bound => bound !== null);
    // Each of several prompts is answered, and each of these answers may be asked for more than once.
    const prompts = Array.isArray(json.prompt) ? Math.max(1, json.prompt.length) : 1;
    const times = [whole(json.n, 1), whole(json.best_of, 1)].map(count => (count === undefined ? 1 : count));
    return {
      model: typeof json.model === 'string' && json.model.length <= 200 ? json.model : null,
      input: bounded ? bytes.length + around : readsLong(request) ? longContext : null,
      output: output.length === 0 ? 0 : known.length > 0 && known.length === bounds.length ? Math.max(...known) : null,
      choices: !itself || times.includes(null) ? null : prompts * Math.max(...times.map(Number)),
      fees: !itself || Object.entries(fees).some(([name, usual]) => isThere(json[name]) && !usual.includes(json[name])),
      strange: Object.keys(json).filter(name => !isKnown(name, json[name])),
    };
  };
