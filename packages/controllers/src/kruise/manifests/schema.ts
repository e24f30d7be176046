/** The words that CRD schemas are written in, short enough that a kind's fields fit a page. */
import type { JSONSchemaProps } from '@skerry/api';

type Fields = Readonly<Record<string, JSONSchemaProps>>;

export const text = (description: string): JSONSchemaProps => ({ type: 'string', description });
export const flag = (description: string): JSONSchemaProps => ({ type: 'boolean', description });
export const count = (description: string): JSONSchemaProps => ({
  type: 'integer',
  format: 'int32',
  description,
});
export const longCount = (description: string): JSONSchemaProps => ({
  type: 'integer',
  format: 'int64',
  description,
});
export const time = (description: string): JSONSchemaProps => ({
  type: 'string',
  format: 'date-time',
  description,
});

/** A number or a share in percent. */
export const intOrString = (description: string): JSONSchemaProps => ({
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
  description,
});

export const texts = (description: string): JSONSchemaProps => ({
  type: 'array',
  items: { type: 'string' },
  description,
});

export const textMap = (description: string): JSONSchemaProps => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
});

export function fields(
  description: string,
  properties: Fields,
  { required }: { required?: readonly string[] } = {},
): JSONSchemaProps {
  return {
    type: 'object',
    description,
    properties: { ...properties },
    ...(required ? { required: [...required] } : {}),
  };
}

export const list = (description: string, items: JSONSchemaProps): JSONSchemaProps => ({
  type: 'array',
  items,
  description,
});

export const mapOf = (description: string, values: JSONSchemaProps): JSONSchemaProps => ({
  type: 'object',
  additionalProperties: values,
  description,
});

/** Any pod template; what is in it is checked by the webhook, with the rules of pods. */
export const podTemplate = (description: string): JSONSchemaProps => ({
  'x-kubernetes-preserve-unknown-fields': true,
  description,
});

export function labelSelector(description: string, more: Fields = {}): JSONSchemaProps {
  const requirement = fields(
    'What one label has to be.',
    {
      key: text('Key of the label.'),
      operator: text('In, NotIn, Exists or DoesNotExist.'),
      values: {
        ...texts('Values to compare with; empty for Exists and DoesNotExist.'),
        'x-kubernetes-list-type': 'atomic',
      },
    },
    { required: ['key', 'operator'] },
  );
  return {
    ...fields(description, {
      matchExpressions: {
        ...list('Requirements, all of which must hold.', requirement),
        'x-kubernetes-list-type': 'atomic',
      },
      matchLabels: textMap('Labels, all of which must be there.'),
      ...more,
    }),
    'x-kubernetes-map-type': 'atomic',
  };
}
