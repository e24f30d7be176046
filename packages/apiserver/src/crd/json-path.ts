import { unreachable } from '@skerry/base';

/**
 * The part of JSONPath that printer columns and selectable fields use: `.a.b`, `['a.b']`, `[0]`, `[*]`, and filters
 * `[?(@.type=="Ready")]`. Several matches are several values.
 */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'filter';
      readonly path: readonly string[];
      readonly equals: unknown;
      readonly not: boolean;
    };

export type JsonPath = readonly Step[];

const token =
  /^(?:\.([A-Za-z_$][\w$-]*)|\.?\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)|(\*)|\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\))\])/;

/** Undefined for what this part of JSONPath doesn't have. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '');
  if (rest !== '' && rest[0] !== '.' && rest[0] !== '[') rest = `.${rest}`;
  while (rest !== '' && rest !== '.') {
    // A dot in a name is escaped as `\.`.
    const escaped = /^\.((?:[^.[\]\\]|\\.)+)/.exec(rest);
    const match = token.exec(rest);
    if (escaped && (!match || escaped[0].length > match[0].length)) {
      steps.push({ kind: 'field', name: escaped[1]!.replace(/\\(.)/g, '$1') });
      rest = rest.slice(escaped[0].length);
      continue;
    }
    if (!match) return undefined;
    steps.push(stepOf(match));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

function stepOf(match: RegExpExecArray): Step {
  const [, plain, single, double, index, star, path, operator, ...values] = match;
  const name = plain ?? single ?? double;
  if (name !== undefined) return { kind: 'field', name: name.replace(/\\(.)/g, '$1') };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (star !== undefined) return { kind: 'all' };
  const quoted = values[0] ?? values[1];
  return {
    kind: 'filter',
    path: path!.split('.').slice(1),
    equals: quoted ?? literal(values[2]!),
    not: operator === '!=',
  };
}

function literal(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

export function findByPath(root: unknown, path: JsonPath): unknown[] {
  let values: unknown[] = [root];
  for (const step of path) values = values.flatMap((value) => follow(value, step));
  return values.filter((value) => value !== undefined);
}

function follow(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (step.kind) {
    case 'field':
      return Object.hasOwn(value, step.name) ? [(value as Record<string, unknown>)[step.name]] : [];
    case 'index':
      return Array.isArray(value) ? [value.at(step.index)] : [];
    case 'all':
      return Object.values(value);
    case 'filter':
      return Object.values(value).filter((item) => (read(item, step.path) === step.equals) !== step.not);
    default:
      return unreachable(step);
  }
}

function read(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const part of path) current = (current as Record<string, unknown> | null | undefined)?.[part];
  return current;
}
