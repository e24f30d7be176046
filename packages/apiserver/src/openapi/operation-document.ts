/** One operation and one path as either dialect of OpenAPI writes them. */
import type { Dialect, Document } from '#openapi/schema-document.ts';
import { isSame, type Parameter, parameterDocument, sorted } from '#openapi/parameters.ts';

/** Parts of an operation that the two dialects write differently. */
export interface Operation {
  /** HTTP method, lower case. */
  readonly method: string;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** `x-kubernetes-action`, and of what kind; unset for what is about no kind. */
  readonly action?: string;
  readonly gvk?: { readonly group: string; readonly version: string; readonly kind: string };
  /** Those in the path included. */
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly schema: string; readonly types: readonly string[]; readonly required: boolean };
  /** Name of the answer's schema; `''` for text; unset where nothing is said of it. */
  readonly answer?: string;
  readonly answerTypes: readonly string[];
  /** What the older dialect says that is taken where there is no body. */
  readonly consumes: readonly string[] | undefined;
  readonly codes: readonly ('200' | '201' | '202')[];
}

const codeWords = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;

/** A path with its operations; parameters that all of them have are the path's. */
export function pathDocument(operations: readonly Operation[], dialect: Dialect): Document {
  const [first, ...rest] = operations;
  const common = (first?.parameters ?? []).filter((parameter) =>
    rest.every(({ parameters }) => parameters.some((other) => isSame(other, parameter))),
  );
  const document: Document = {};
  for (const operation of operations) {
    const own = operation.parameters.filter((each) => !common.some((other) => isSame(other, each)));
    document[operation.method] = operationDocument(operation, own, dialect);
  }
  if (common.length > 0)
    document['parameters'] = sorted(common).map((each) => parameterDocument(each, dialect));
  return document;
}

function operationDocument(operation: Operation, own: readonly Parameter[], dialect: Dialect): Document {
  const parameters = sorted(own).map((each) => parameterDocument(each, dialect));
  const common: Document = {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(operation.action ? { 'x-kubernetes-action': operation.action } : {}),
    ...(operation.gvk ? { 'x-kubernetes-group-version-kind': operation.gvk } : {}),
  };
  return dialect.name === 'v3'
    ? { ...common, ...newerParts(operation, parameters, dialect) }
    : { ...common, ...olderParts(operation, parameters, dialect) };
}

function newerParts(operation: Operation, parameters: readonly Document[], { prefix }: Dialect): Document {
  const { body } = operation;
  const content = (types: readonly string[], schema: string): Document =>
    Object.fromEntries(types.map((type) => [type, { schema: schemaOf(schema, prefix) }]));
  return {
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            content: content(body.types, body.schema),
            ...(body.required ? { required: true } : {}),
          },
        }
      : {}),
    responses: responses(operation, (answer) => ({ content: content(operation.answerTypes, answer) })),
  };
}

function olderParts(operation: Operation, parameters: readonly Document[], { prefix }: Dialect): Document {
  const { body } = operation;
  const all = body
    ? [
        {
          name: 'body',
          in: 'body',
          ...(body.required ? { required: true } : {}),
          schema: schemaOf(body.schema, prefix),
        },
        ...parameters,
      ]
    : parameters;
  return {
    ...(body || operation.consumes ? { consumes: body?.types ?? operation.consumes } : {}),
    produces: operation.answerTypes,
    schemes: ['https'],
    ...(all.length > 0 ? { parameters: all } : {}),
    responses: responses(operation, (answer) => ({ schema: schemaOf(answer, prefix) })),
  };
}

function schemaOf(name: string, prefix: string): Document {
  return name === '' ? { type: 'string' } : { $ref: prefix + name };
}

function responses(operation: Operation, answer: (schema: string) => Document): Document {
  return {
    ...Object.fromEntries(
      operation.codes.map((code) => [
        code,
        {
          description: codeWords[code],
          ...(operation.answer === undefined ? {} : answer(operation.answer)),
        },
      ]),
    ),
    401: { description: 'Unauthorized' },
  };
}
