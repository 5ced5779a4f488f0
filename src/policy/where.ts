/**
 * The `--where` expression of a permission: `NAME OP VALUE` joined by `and`. Read here once, evaluated by the policy.
 * The reader is linear and bounded; what it prints, it reads back as the same conditions.
 */

/** How a condition compares. */
export type Operator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'matches'
  | 'startswith'
  | 'endswith'
  | 'contains';

/** What a parameter is compared with. */
export type Literal = string | number | boolean;

/** One condition. `value` is a list of literals of one type for `in`, a number for `<` and the like. */
export interface Condition {
  /** The parameter, `amount`, or a member of it, `customer.address.country`. */
  readonly name: string;
  readonly op: Operator;
  readonly value: Literal | readonly Literal[];
}

/** The conditions, or every fault of the expression as a sentence that quotes the place. */
export type Where =
  | { readonly conditions: readonly Condition[]; readonly faults?: undefined }
  | { readonly conditions?: undefined; readonly faults: readonly string[] };

const limits = { characters: 2000, conditions: 16, list: 100, steps: 8 };

const operators: ReadonlySet<string> = new Set<Operator>([
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'matches',
  'startswith',
  'endswith',
  'contains',
]);

const name = /^[A-Za-z_$][\w$@:[\]-]*(?:\.[\w$@:[\]-]+)*$/;

const scanner = /\s*(?:("(?:[^"\\]|\\.)*")|([<>=!]+)|([[\],])|([A-Za-z_$][\w$@:[\].-]*)|([^\s"<>=!,[\]]+)|(.))/suy;

interface Token {
  readonly kind: 'string' | 'operator' | 'mark' | 'word' | 'other';
  readonly text: string;
}

class Unreadable extends Error {}

/** Reads an expression. */
export function parseWhere(text: string): Where {
  if (text.length > limits.characters)
    return { faults: [`The expression is longer than ${limits.characters} characters.`] };
  if (text.trim() === '') return { faults: ['The expression is empty; leave --where away for no conditions.'] };
  const conditions: Condition[] = [];
  const faults: string[] = [];
  for (const part of parts(tokens(text))) {
    try {
      conditions.push(condition(part));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      faults.push(
        part.length === 0 ? error.message : `At \`${part.map(token => token.text).join(' ')}\`: ${error.message}`,
      );
    }
  }
  if (conditions.length > limits.conditions) faults.push(`There are more than ${limits.conditions} conditions.`);
  return faults.length > 0 ? { faults } : { conditions };
}

/** Writes conditions so that {@link parseWhere} reads the same ones. */
export const printWhere = (conditions: readonly Condition[]): string =>
  conditions.map(({ name, op, value }) => `${name} ${op} ${JSON.stringify(value)}`).join(' and ');

function tokens(text: string): Token[] {
  const found: Token[] = [];
  scanner.lastIndex = 0;
  for (let match = scanner.exec(text); match; match = scanner.exec(text)) {
    const [, string, operator, mark, word, other, stray] = match;
    if (string !== undefined) found.push({ kind: 'string', text: string });
    else if (operator !== undefined) found.push({ kind: 'operator', text: operator });
    else if (mark !== undefined) found.push({ kind: 'mark', text: mark });
    else if (word !== undefined) found.push({ kind: 'word', text: word });
    else if ((other ?? stray)?.trim()) found.push({ kind: 'other', text: (other ?? stray)! });
  }
  return found;
}

function parts(all: readonly Token[]): Token[][] {
  const found: Token[][] = [[]];
  for (const token of all) {
    if (token.kind === 'word' && token.text === 'and') found.push([]);
    else found.at(-1)!.push(token);
  }
  return found;
}

function condition(part: readonly Token[]): Condition {
  const [first, operator, ...rest] = part;
  if (!first) throw new Unreadable('There is an `and` without a condition beside it.');
  if (first.kind !== 'word' || !name.test(first.text)) {
    throw new Unreadable(`\`${first.text}\` is not the name of a parameter.`);
  }
  if (first.text.split('.').length > limits.steps)
    throw new Unreadable(`The name has more than ${limits.steps} steps.`);
  if (!operator)
    throw new Unreadable(`after \`${first.text}\`, an operator is missing, one of ${[...operators].join(' ')}.`);
  if (!operators.has(operator.text)) {
    const hint = operator.text === '=' ? 'equality is written `==`' : `the operators are ${[...operators].join(' ')}`;
    throw new Unreadable(`\`${operator.text}\` is not an operator; ${hint}.`);
  }
  const op = operator.text as Operator;
  return { name: first.text, op, value: suited(op, op === 'in' ? list(rest) : one(rest)) };
}

function one(rest: readonly Token[]): Literal {
  if (rest.length === 0) throw new Unreadable('the value is missing.');
  if (rest[0]!.text === '[') throw new Unreadable('a list is only compared with `in`.');
  if (rest.length > 1) throw new Unreadable(`\`${rest[1]!.text}\` is too much; conditions are joined by \`and\`.`);
  return literal(rest[0]!);
}

function list(rest: readonly Token[]): Literal[] {
  if (rest[0]?.text !== '[' || rest.at(-1)?.text !== ']' || rest.length < 3) {
    throw new Unreadable('`in` takes a list that is not empty, as in `base in ["main", "next"]`.');
  }
  const items = rest.slice(1, -1);
  items.forEach((token, i) => {
    if ((i % 2 === 1) !== (token.text === ',') || (i % 2 === 1 && i === items.length - 1)) {
      throw new Unreadable(`near \`${token.text}\`, values of a list are separated by single commas.`);
    }
  });
  const values = items.filter((_, i) => i % 2 === 0).map(literal);
  if (values.length > limits.list) throw new Unreadable(`the list has more than ${limits.list} values.`);
  if (new Set(values.map(value => typeof value)).size > 1)
    throw new Unreadable('the values of a list must be of one type.');
  return values;
}

function literal({ kind, text }: Token): Literal {
  if (kind === 'string') return string(text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return number(text);
  if (text.startsWith('"')) throw new Unreadable('a string has no closing quote.');
  const bare = text.replace(/^'|'$/g, '');
  throw new Unreadable(`\`${text}\` is not a value; a string is written in double quotes, "${bare}".`);
}

function string(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string' && !/\p{Surrogate}/u.test(value)) return value;
  } catch {
    // Said below: the grammar of strings is JSON's.
  }
  throw new Unreadable(`${text} has a character or an escape that JSON does not know.`);
}

function number(text: string): number {
  const value = Number(text);
  if (decimal(text) !== decimal(String(value))) {
    throw new Unreadable(`${text} cannot be compared exactly; write a number of at most 15 digits.`);
  }
  // -0 is 0 for whoever compares, and would not survive printing.
  return value === 0 ? 0 : value;
}

/** One spelling per decimal value: digits without zeros around them, and the exponent. */
function decimal(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${mantissa.startsWith('-') ? '-' : ''}${significant}e${power}`;
}

function suited<V extends Literal | readonly Literal[]>(op: Operator, value: V): V {
  if (/[<>]/.test(op) && typeof value !== 'number') throw new Unreadable(`\`${op}\` compares numbers.`);
  if (/with$|matches/.test(op) && typeof value !== 'string') throw new Unreadable(`\`${op}\` compares strings.`);
  const mixed =
    op === 'matches' &&
    String(value)
      .split('/')
      .find(segment => segment !== '*' && segment.includes('*'));
  if (mixed)
    throw new Unreadable(`in ${mixed}, \`*\` is mixed with text; it stands for a whole segment between slashes.`);
  return value;
}
