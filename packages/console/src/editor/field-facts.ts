/** What is known of a field, as an element for CodeMirror. Descriptions come from the cluster: they are put in as plain text. */
import { translate } from '#i18n/index.ts';
import { typeText, type Definitions, type Schema, type Step } from './schema.ts';

const descriptionLengthMax = 1200;

interface FieldFacts {
  readonly schema: Schema;
  readonly definitions: Definitions;
  readonly path?: readonly Step[];
  readonly isRequired?: boolean;
}

export function fieldFacts({ schema, definitions, path, isRequired = false }: FieldFacts): HTMLElement {
  const box = document.createElement('div');
  box.className = 'cm-fieldFacts';
  const add = (name: string, text: string): void => {
    const line = document.createElement('div');
    line.className = name;
    line.textContent = text;
    box.append(line);
  };
  if (path) {
    const marks = [typeText(schema, definitions), isRequired ? translate('editor.required') : ''].filter(
      Boolean,
    );
    add('cm-fieldPath', `${pathText(path)}: ${marks.join(', ')}`);
  }
  if (schema.description) add('cm-fieldText', schema.description.slice(0, descriptionLengthMax));
  if (schema.enum)
    add('cm-fieldMore', translate('editor.oneOf', { values: schema.enum.map(String).join(', ') }));
  if (schema.default !== undefined && !isEmpty(schema.default)) {
    add('cm-fieldMore', translate('editor.default', { value: JSON.stringify(schema.default) }));
  }
  return box;
}

export function pathText(path: readonly Step[]): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      // An item that goes by its name.
      if (step.startsWith(' ')) return `[${step.slice(1)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
