/**
 * The door of this room: one question in, one decision out. It can't fail; whatever goes wrong is a denial that says
 * what went wrong.
 */
import jcs from 'canonicalize';
import { exitCode, Fault } from '../errors.js';
import type { Decision, Question } from '../model.js';
import { denial, readAnswer } from './answer.js';
import { questionsAlong, strictestAlong } from './chain.js';
import type { PolicyData } from './data.js';
import { type Clock, type Evaluator, inProcess } from './evaluator.js';
import { frozenBy, frozenReason } from './freezes.js';
import { momentsIn } from './moments.js';
import { startPool } from './pool.js';
import { type Repeats, repeatsIn } from './repeats.js';
import { sampleQuestion } from './sample.js';
import { questionsIn, strictest } from './several.js';
import { sha256, shippedWasm } from './shipped.js';

/** What a policy is opened with. */
export interface PolicyOptions {
  /** A module that OPA built; absent: the default policy. */
  readonly wasm?: Uint8Array;
  readonly data: PolicyData;
  /** Milliseconds for one evaluation; default 250. */
  readonly deadline?: number;
  /** Default `performance.now`. */
  readonly now?: Clock;
}

/** The policy in force. */
export interface Policy {
  /** Hex SHA-256 of the digests of module and data: what `policy_sha256` of a decision says. */
  readonly digest: string;
  /** Hex SHA-256 of the module alone. */
  readonly wasmDigest: string;
  /** Whether it is the default policy. */
  readonly shipped: boolean;
  /** What the permissions say of repeated requests. */
  readonly repeats: Repeats;
  /**
   * Never throws or rejects. Judged by the module and the data that are in force when it resolves, which its digest names.
   * The default policy answers at once: a promise that is kept already costs as much as a tenth of the decision.
   */
  decide(question: Question): Promise<Decision> | Decision;
  /** Puts other data in force, for the next question. */
  setData(data: PolicyData): void;
  /**
   * Puts another module in force, or the default policy; gives what it says to a sample question. If it can't be loaded
   * or doesn't answer that, the old one stays in force, and a Fault is thrown.
   */
  replace(wasm?: Uint8Array): Promise<Decision>;
  close(): Promise<void>;
}

/** A question is at most this long as JSON, in characters, and parameters are nested at most this deep. */
const limits = { characters: 64 * 1024, depth: 32 };

/** A question is asked again this often when the policy changes meanwhile. */
const attempts = 3;

/** RFC 8785. The package's types describe an ES module, but it is CommonJS. */
const canonical = jcs as unknown as (value: unknown) => string;

interface InForce {
  readonly evaluator: Evaluator;
  readonly wasmDigest: string;
  readonly shipped: boolean;
}

/** Loads a policy. Rejects with a Fault that says why it can't be. */
export async function openPolicy(options: PolicyOptions): Promise<Policy> {
  const { deadline = 250, now = () => performance.now() } = options;
  const shippedDigest = sha256(shippedWasm());
  let around = aroundOf(options.data);
  let data = canonical(options.data);
  let { gateways } = options.data.tollfence;
  let dataFault: string | null = null;
  let inForce = await load(options.wasm);
  let digest = digestOf();

  return {
    get digest() {
      return digest;
    },
    get wasmDigest() {
      return inForce.wasmDigest;
    },
    get shipped() {
      return inForce.shipped;
    },
    get repeats() {
      return inForce.shipped ? around.repeats : around.always;
    },
    decide(question) {
      const asked = digest;
      const decision = decided(question, asked);
      return decision instanceof Promise ? inTheEnd(question, decision, asked) : decision;
    },
    setData(next) {
      around = aroundOf(next);
      data = canonical(next);
      ({ gateways } = next.tollfence);
      digest = digestOf();
      apply(inForce.evaluator);
    },
    async replace(wasm) {
      const next = await load(wasm);
      let sample: Decision;
      try {
        sample = await ask(next, sampleQuestion, next.wasmDigest, gateways);
      } catch (error) {
        await next.evaluator.close();
        throw new Fault(
          exitCode.failed,
          `The policy does not answer a sample question. ${(error as Error).message}`,
          'Give `decision` a default; see docs/policy.md.',
        );
      }
      // The data may have changed while the module was loading.
      apply(next.evaluator);
      const old = inForce.evaluator;
      inForce = next;
      digest = digestOf();
      await old.close();
      return { ...sample, policy_sha256: digest };
    },
    close: () => inForce.evaluator.close(),
  };

  function decided(question: Question, asked: string): Promise<Decision> | Decision {
    try {
      if (dataFault !== null) throw new Error(dataFault);
      const decision = ask(inForce, around.moments.timed(question), asked, gateways);
      return decision instanceof Promise
        ? decision.then(given => unfrozen(given, question)).catch(error => failed(error, asked))
        : unfrozen(decision, question);
    } catch (error) {
      return failed(error, asked);
    }
  }

  /** A freeze wins over whatever isn't a denial, also of a policy that doesn't look at freezes. */
  function unfrozen(decision: Decision, question: Question): Decision {
    const freeze = decision.effect === 'deny' ? null : frozenBy(around.freezes, question);
    if (freeze === null) return decision;
    const { policy_sha256 } = decision;
    return { effect: 'deny', rule: freeze.id, reason: frozenReason(freeze), secret: null, policy_sha256 };
  }

  /** What changed while the question waited may be a denial: only the policy in force decides, under its digest. */
  async function inTheEnd(question: Question, first: Promise<Decision>, asked: string): Promise<Decision> {
    let decision = await first;
    for (let attempt = 1; asked !== digest; attempt++) {
      if (attempt === attempts)
        return denial('The policy was changed again and again while it was asked; send the request again.', digest);
      asked = digest;
      decision = await decided(question, asked);
    }
    return decision;
  }

  async function load(wasm: Uint8Array = shippedWasm()): Promise<InForce> {
    const wasmDigest = sha256(wasm);
    const shipped = wasmDigest === shippedDigest;
    const evaluator = shipped ? inProcess(wasm, data, deadline, now) : await startPool(wasm, data, { deadline });
    return { evaluator, wasmDigest, shipped };
  }

  function apply(evaluator: Evaluator): void {
    try {
      evaluator.setData(data);
      dataFault = null;
    } catch (error) {
      dataFault = `The policy's data cannot be loaded: ${error instanceof Error ? error.message : 'unknown error'}.`;
    }
  }

  function digestOf(): string {
    return sha256(`${inForce.wasmDigest}\n${sha256(data)}\n`);
  }
}

/** What of the data is read here, and not by the module. */
const aroundOf = (data: PolicyData) => ({
  freezes: data.tollfence.freezes,
  moments: momentsIn(data),
  repeats: repeatsIn(data, false),
  always: repeatsIn(data, true),
});

type Module = Pick<InForce, 'evaluator' | 'shipped'>;

/** Throws, or rejects with, an Error whose message is a sentence. */
function ask(
  module: Module,
  question: Question,
  digest: string,
  gateways: PolicyData['tollfence']['gateways'],
): Promise<Decision> | Decision {
  // The default policy knows of chains itself.
  if (module.shipped || question.subject.chain.length < 2) return askAll(module, question, digest);
  // Each in a promise of its own: one that can't be asked must not leave another one's failure to nobody.
  const answers = questionsAlong(question, gateways).map(async one => askAll(module, one, digest));
  return Promise.all(answers).then(strictestAlong);
}

/** About everything that the request would do. */
function askAll(module: Module, question: Question, digest: string): Promise<Decision> | Decision {
  if (question.also === undefined) return askOne(module, question, serialised(question, module.shipped), digest);
  const questions = questionsIn(question);
  // All of it first: a question that can't be asked must leave no other one behind.
  const texts = questions.map(one => serialised(one, module.shipped));
  const answers = questions.map((one, i) => askOne(module, one, texts[i]!, digest));
  const here = answers.filter((answer): answer is Decision => !(answer instanceof Promise));
  if (here.length === answers.length) return strictest(questions, here);
  return Promise.all(answers).then(all => strictest(questions, all));
}

function askOne(
  { evaluator }: Module,
  { subject }: Question,
  text: string,
  digest: string,
): Promise<Decision> | Decision {
  const answer = evaluator.evaluate(subject.id, text);
  return answer instanceof Promise ? answer.then(given => readAnswer(given, digest)) : readAnswer(answer, digest);
}

const failed = (error: unknown, asked: string): Decision =>
  denial(error instanceof Error ? error.message : 'The policy failed.', asked);

/**
 * The part of a question that the default policy reads: it costs by the byte, and most of a question is for Rego of the
 * operator's own. (test/policy holds that its Rego reads nothing else.)
 */
const essential = ({ v, subject: { id, chain }, action, resource, request, response, context }: Question): object => ({
  v,
  subject: { id, chain },
  action: {
    name: action.name,
    ...(action.aliases && { aliases: action.aliases }),
    connector: action.connector,
    parameters: action.parameters,
    unknown: action.unknown,
    ...(context.flags.length > 0 && { access: action.access }),
  },
  resource,
  request: { body: { state: request.body.state } },
  ...((context.flags.length > 0 || context.within !== undefined) && {
    context: { flags: context.flags, ...(context.within !== undefined && { within: context.within }) },
  }),
  ...(response === undefined ? {} : { response: { scannable: response.scannable } }),
});

function serialised(question: Question, shipped: boolean): string {
  if (deeper(question.action.parameters, limits.depth)) {
    throw new Error(`The action's parameters are nested more than ${limits.depth} deep.`);
  }
  const json = JSON.stringify(shipped ? essential(question) : question);
  if (json.length > limits.characters) throw new Error(`The question is longer than ${limits.characters} characters.`);
  return json;
}

/** The policy's reader recurses: what is nested too deep never gets there. */
const deeper = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some(inner => deeper(inner, depth - 1)));
