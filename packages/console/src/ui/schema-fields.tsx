/** A form of a JSON schema's own properties: texts, numbers, choices, switches, lists of texts. Deeper ones are for the YAML editor. */
import { Form, Input, InputNumber, Select, Switch } from 'antd';
import type { ReactElement } from 'react';
import { mapAt, textAt, valueAt } from '#kinds/values.ts';

interface SchemaFieldsProps {
  readonly schema: object;
  /** Where in the form's values the object stands. */
  readonly path: readonly string[];
}

export function SchemaFields({ schema, path }: SchemaFieldsProps) {
  const properties = Object.entries(mapAt(schema, 'properties') as unknown as Record<string, object>);
  return properties.map(([name, property]) => {
    const control = controlOf(property);
    if (!control) return null;
    return (
      <Form.Item
        key={name}
        name={[...path, name]}
        label={textAt(property, 'title') ?? name}
        extra={textAt(property, 'description')}
        valuePropName={textAt(property, 'type') === 'boolean' ? 'checked' : 'value'}
      >
        {control}
      </Form.Item>
    );
  });
}

function controlOf(property: object): ReactElement | undefined {
  const standard = textAt(property, 'default') ?? '';
  const choices = valueAt(property, 'enum');
  if (Array.isArray(choices)) {
    return (
      <Select
        allowClear
        placeholder={standard}
        options={choices.map((value: string) => ({ value, label: value }))}
      />
    );
  }
  switch (textAt(property, 'type')) {
    case 'string':
      return <Input placeholder={standard} spellCheck={false} />;
    case 'integer':
    case 'number':
      return <InputNumber placeholder={standard} style={{ width: '100%' }} />;
    case 'boolean':
      return <Switch />;
    case 'array':
      return <Select mode="tags" open={false} suffixIcon={null} />;
    default:
      return undefined;
  }
}
