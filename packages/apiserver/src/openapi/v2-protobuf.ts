/**
 * The v2 document in protobuf, which is the only form that kubectl takes it in: it asks for it when a kind has no PATCH
 * (reviews, bindings, evictions), and for `explain --output=plaintext-openapiv2`.
 *
 * Written from the JSON document by a table of field numbers; what the table doesn't name is left out, but extensions
 * (`x-…`), which go along as YAML (JSON is YAML).
 * Format: https://github.com/google/gnostic-models/blob/main/openapiv2/OpenAPIv2.proto
 */
import type { Document } from '#openapi/schema-document.ts';

export const v2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const encoder = new TextEncoder();

type Field =
  | 'string'
  | 'strings'
  | 'bool'
  | 'integer'
  | 'double'
  | 'any'
  | 'anys'
  /** A list of messages. */
  | { readonly list: () => Message }
  | { readonly one: () => Message }
  /** An object whose keys are names and whose values are messages, under a field of its own or in a message of its own. */
  | { readonly named: () => Message; readonly wrapped?: number };

interface Message {
  /** By key of the JSON object. */
  readonly fields: Readonly<Record<string, readonly [number: number, field: Field]>>;
  /** Where extensions go. */
  readonly extensions?: number;
  /** Wraps the encoded message, for unions. */
  readonly around?: readonly number[];
  /** Turns the JSON value into the one that `fields` describe. */
  prepare?(value: unknown): Document;
}

const schema = (): Message => schemaMessage;

/** A union of which we only use one member: the member inside its field. */
const inField = (message: () => Message, ...numbers: number[]): Message => ({
  ...message(),
  around: numbers,
});

const schemaMessage: Message = {
  fields: {
    $ref: [1, 'string'],
    format: [2, 'string'],
    description: [4, 'string'],
    default: [5, 'any'],
    multipleOf: [6, 'double'],
    maximum: [7, 'double'],
    exclusiveMaximum: [8, 'bool'],
    minimum: [9, 'double'],
    exclusiveMinimum: [10, 'bool'],
    maxLength: [11, 'integer'],
    minLength: [12, 'integer'],
    pattern: [13, 'string'],
    maxItems: [14, 'integer'],
    minItems: [15, 'integer'],
    uniqueItems: [16, 'bool'],
    maxProperties: [17, 'integer'],
    minProperties: [18, 'integer'],
    required: [19, 'strings'],
    enum: [20, 'anys'],
    additionalProperties: [21, { one: () => inField(schema, 1) }],
    type: [22, { one: () => typeMessage }],
    items: [23, { one: () => inField(schema, 1) }],
    properties: [25, { named: schema, wrapped: 1 }],
  },
  extensions: 31,
};

const typeMessage: Message = {
  fields: { value: [1, 'strings'] },
  prepare: (value) => ({ value: [value] }),
};

const responseMessage: Message = {
  fields: { description: [1, 'string'], schema: [2, { one: () => inField(schema, 1) }] },
  extensions: 5,
};

const bodyParameter: Message = {
  fields: {
    description: [1, 'string'],
    name: [2, 'string'],
    in: [3, 'string'],
    required: [4, 'bool'],
    schema: [5, { one: schema }],
  },
  extensions: 6,
};

const queryParameter: Message = {
  fields: {
    required: [1, 'bool'],
    in: [2, 'string'],
    description: [3, 'string'],
    name: [4, 'string'],
    type: [6, 'string'],
    uniqueItems: [20, 'bool'],
  },
};

const pathParameter: Message = {
  fields: {
    required: [1, 'bool'],
    in: [2, 'string'],
    description: [3, 'string'],
    name: [4, 'string'],
    type: [5, 'string'],
    uniqueItems: [19, 'bool'],
  },
};

const operationMessage: Message = {
  fields: {
    tags: [1, 'strings'],
    description: [3, 'string'],
    operationId: [5, 'string'],
    produces: [6, 'strings'],
    consumes: [7, 'strings'],
    parameters: [8, { list: () => parameterMessage }],
    responses: [9, { named: () => inField(() => responseMessage, 1), wrapped: 1 }],
    schemes: [10, 'strings'],
  },
  extensions: 13,
};

/** Which kind of parameter it is shows in the value. */
const parameterMessage: Message = { fields: {} };

const pathItemMessage: Message = {
  fields: {
    get: [2, { one: () => operationMessage }],
    put: [3, { one: () => operationMessage }],
    post: [4, { one: () => operationMessage }],
    delete: [5, { one: () => operationMessage }],
    patch: [8, { one: () => operationMessage }],
    parameters: [9, { list: () => parameterMessage }],
  },
  extensions: 10,
};

const apiKeyMessage: Message = {
  fields: { type: [1, 'string'], name: [2, 'string'], in: [3, 'string'], description: [4, 'string'] },
};

const documentMessage: Message = {
  fields: {
    swagger: [1, 'string'],
    info: [2, { one: () => ({ fields: { title: [1, 'string'], version: [2, 'string'] } }) }],
    paths: [8, { named: () => pathItemMessage, wrapped: 2 }],
    definitions: [9, { named: schema, wrapped: 1 }],
    securityDefinitions: [13, { named: () => inField(() => apiKeyMessage, 2), wrapped: 1 }],
  },
  extensions: 16,
};

export function encodeOpenApiV2(document: Document): Uint8Array {
  return message(documentMessage, document);
}

function parameterKind(value: Document): Message {
  switch (value['in']) {
    case 'body':
      return inField(() => bodyParameter, 1, 1);
    case 'path':
      return inField(() => pathParameter, 4, 2, 1);
    default:
      return inField(() => queryParameter, 3, 2, 1);
  }
}

function message(given: Message, value: unknown): Uint8Array {
  const kind = given === parameterMessage ? parameterKind(value as Document) : given;
  const object = kind.prepare ? kind.prepare(value) : (value as Document);
  const parts: Uint8Array[] = [];
  for (const [key, item] of Object.entries(object)) {
    if (item === undefined) continue;
    const known = Object.hasOwn(kind.fields, key) ? kind.fields[key] : undefined;
    if (known) encodeField(parts, known[0], known[1], item);
    else if (kind.extensions !== undefined && key.startsWith('x-'))
      parts.push(lengthPrefixed(kind.extensions, named(key, any(item))));
  }
  let bytes = joined(parts);
  for (const number of kind.around ?? []) bytes = lengthPrefixed(number, bytes);
  return bytes;
}

function encodeField(parts: Uint8Array[], number: number, field: Field, value: unknown): void {
  switch (field) {
    case 'string':
      parts.push(text(number, String(value)));
      return;
    case 'strings':
      for (const item of value as unknown[]) parts.push(text(number, String(item)));
      return;
    case 'bool':
      if (value === true) parts.push(joined([tag(number, 0), varint(1)]));
      return;
    case 'integer':
      parts.push(joined([tag(number, 0), varint(Number(value))]));
      return;
    case 'double':
      parts.push(joined([tag(number, 1), double(Number(value))]));
      return;
    case 'any':
      parts.push(lengthPrefixed(number, any(value)));
      return;
    case 'anys':
      for (const item of value as unknown[]) parts.push(lengthPrefixed(number, any(item)));
      return;
    default:
      encodeMessages(parts, number, field, value);
  }
}

function encodeMessages(
  parts: Uint8Array[],
  number: number,
  field: Exclude<Field, string>,
  value: unknown,
): void {
  if ('one' in field) parts.push(lengthPrefixed(number, message(field.one(), value)));
  else if ('list' in field)
    for (const item of value as unknown[]) parts.push(lengthPrefixed(number, message(field.list(), item)));
  else {
    const { wrapped } = field;
    const entries = Object.entries(value as Document).map(([name, item]) =>
      lengthPrefixed(wrapped ?? number, named(name, message(field.named(), item))),
    );
    parts.push(...(wrapped === undefined ? entries : [lengthPrefixed(number, joined(entries))]));
  }
}

function named(name: string, value: Uint8Array): Uint8Array {
  return joined([text(1, name), lengthPrefixed(2, value)]);
}

function any(value: unknown): Uint8Array {
  return text(2, `${JSON.stringify(value)}\n`);
}

function text(number: number, value: string): Uint8Array {
  return lengthPrefixed(number, encoder.encode(value));
}

function tag(number: number, wire: 0 | 1 | 2): Uint8Array {
  return varint(number * 8 + wire);
}

function lengthPrefixed(number: number, bytes: Uint8Array): Uint8Array {
  return joined([tag(number, 2), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

function double(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] ?? new Uint8Array()) : Buffer.concat(parts);
}
