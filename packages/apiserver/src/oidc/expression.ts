/** Expressions of an AuthenticationConfiguration: over the claims of a token, or over the user that was made of them. */
import {
  boolType,
  dynType,
  Environment,
  fromJson,
  List,
  listOf,
  mapOf,
  type Program,
  stringType,
  structType,
  type Value,
} from '@skerry/cel';
import type { Field } from '#configuration-file.ts';
import type { UserInfo } from '#security.ts';

const strings = listOf(stringType);
const userType = structType('kubernetes.UserInfo', {
  username: stringType,
  uid: stringType,
  groups: strings,
  extra: mapOf(stringType, strings),
});
const overClaims = new Environment({ variables: { claims: mapOf(stringType, dynType) } });
const overUser = new Environment({ variables: { user: userType } });

export interface Expression {
  readonly text: string;
  evaluate(value: unknown): Value;
}

/** Notes a fault at the field, and gives nothing, where the text is no expression of the expected type. */
export function compileExpression(
  field: Field,
  { over, result }: { readonly over: 'claims' | 'user'; readonly result: 'bool' | 'any' },
): Expression | undefined {
  const text = field.value as string;
  const environment = over === 'claims' ? overClaims : overUser;
  const compiled = environment.compile(text, result === 'bool' ? { expected: [boolType] } : {});
  if (!compiled.ok) {
    const why =
      compiled.stage === 'type' ? 'must evaluate to bool' : `compilation failed: ${compiled.issues}`;
    field.invalid(text, why);
    return undefined;
  }
  return { text, evaluate: (value) => run(compiled.program, over, value) };
}

function run(program: Program, name: string, value: unknown): Value {
  const bound = fromJson(value);
  const outcome = program.evaluate({ [name]: bound });
  if ('fault' in outcome) throw new Error(outcome.fault);
  return outcome.value;
}

/** Throws for anything but a text. */
export function textOf(value: Value, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${what} claim expression must return a string`);
}

/** A text is a list of one; empty texts and null are nothing. Throws for anything else. */
export function textsOf(value: Value): string[] {
  const refuse = () => new Error('expression must return a string or a list of strings');
  if (value === null || value === '') return [];
  if (typeof value === 'string') return [value];
  if (!(value instanceof List)) throw refuse();
  const texts: string[] = [];
  for (let index = 0; index < value.length; index++) {
    const item = value.at(index);
    if (typeof item !== 'string') throw refuse();
    if (item !== '') texts.push(item);
  }
  return texts;
}

/** A user as expressions see it. */
export function userValue({ name, uid = '', groups, extra = {} }: UserInfo): object {
  return { username: name, uid, groups, extra };
}
