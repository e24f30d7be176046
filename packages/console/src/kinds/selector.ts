/** A label selector of an object in the form that lists take: `app=web,tier in (a,b)`. */
import { listAt, mapAt, textAt } from './values.ts';

export function selectorText(selector: unknown): string {
  const labels = Object.entries(mapAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${value}`);
  const expressions = listAt(selector, 'matchExpressions').map((expression) => {
    const key = textAt(expression, 'key') ?? '';
    const values = listAt(expression, 'values').join(',');
    switch (textAt(expression, 'operator')) {
      case 'In':
        return `${key} in (${values})`;
      case 'NotIn':
        return `${key} notin (${values})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...labels, ...expressions].join(',');
}
