import type { CustomResourceDefinition } from '@skerry/api';

/** Those of texts, without dashes. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/ */
const textFormats = new Set(
  (
    'bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn hexcolor ' +
    'rgbcolor byte password date duration datetime k8sshortname k8slongname'
  ).split(' '),
);
const numberFormats: Readonly<Record<string, readonly string[]>> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};

/** Texts about formats that constrain nothing, since nobody knows them; of a change, about those that it brings. */
export function formatWarnings(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): string[] {
  const before = new Set(old && unknownFormats(old));
  return unknownFormats(definition)
    .filter((format) => !before.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  return (spec?.versions ?? []).flatMap(({ schema }) => [...formatsIn(schema?.openAPIV3Schema)]);
}

/** `default`, `enum` and `example` hold values, not schemas, and are passed over. */
const below = ['items', 'additionalProperties', 'not', 'allOf', 'anyOf', 'oneOf'];
const belowByName = ['properties', 'patternProperties', 'definitions'];

function* formatsIn(schema: unknown): Generator<string> {
  if (Array.isArray(schema)) for (const each of schema) yield* formatsIn(each);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
  const { format, type = '' } = schema as { format?: unknown; type?: unknown };
  if (typeof format === 'string' && format !== '' && !isKnown(format, String(type))) yield format;
  const fields = schema as Record<string, unknown>;
  for (const field of below) yield* formatsIn(fields[field]);
  for (const field of belowByName)
    for (const each of Object.values((fields[field] as object | undefined) ?? {})) yield* formatsIn(each);
}

function isKnown(format: string, type: string): boolean {
  if (type === '' || type === 'string') return textFormats.has(format.replaceAll('-', ''));
  return numberFormats[type]?.includes(format) ?? false;
}
