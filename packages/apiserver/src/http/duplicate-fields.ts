/**
 * Finds fields that a JSON text names twice in one object, which parsing silently resolves to the last. Strict field
 * validation refuses them, as Kubernetes does. The text has been parsed before, so it is well formed.
 */
export function duplicateFields(text: string, duplicatesMax = 100): string[] {
  const found: string[] = [];
  /** Open objects and lists; a list counts its elements for the path. */
  const open: { keys?: Set<string>; path: string; index: number }[] = [];
  let key = '';
  let expectKey = false;
  const childPath = () => {
    const parent = open.at(-1);
    if (!parent) return '';
    if (!parent.keys) return `${parent.path}[${parent.index}]`;
    return parent.path === '' ? key : `${parent.path}.${key}`;
  };
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const start = i;
        for (i++; text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
        if (!expectKey) break;
        key = text.slice(start + 1, i);
        if (key.includes('\\')) key = JSON.parse(`"${key}"`) as string;
        expectKey = false;
        const { keys } = open.at(-1)!;
        if (keys!.has(key) && found.length < duplicatesMax) found.push(childPath());
        keys!.add(key);
        break;
      }
      case 0x7b:
        open.push({ keys: new Set(), path: childPath(), index: 0 });
        expectKey = true;
        break;
      case 0x5b:
        open.push({ path: childPath(), index: 0 });
        expectKey = false;
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        expectKey = false;
        break;
      case 0x2c: {
        const parent = open.at(-1);
        if (parent?.keys) expectKey = true;
        else if (parent) parent.index++;
        break;
      }
      default:
    }
  }
  return found;
}
