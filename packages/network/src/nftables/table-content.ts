/**
 * What one user of a table puts into it (chains, sets and elements), and the script that turns one content into another.
 * A table holds thousands of chains; only what differs is said, and all of it in one transaction, in an order in which
 * everything that a line names is there: what is new first, what it is named in next, what nobody names any more last.
 *
 * Pure. Names and values come checked: nothing in them is a word of nft's language that the maker didn't mean.
 */
export interface TableContent {
  /** Rules by chain, each rule as nft spells it. */
  readonly chains: Readonly<Record<string, readonly string[]>>;
  /** Sets of the user's own, by name: what stands between the braces of the declaration. */
  readonly sets: Readonly<Record<string, string>>;
  /** By set or map of the table: values by key; an empty value in a set. */
  readonly elements: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const emptyContent: TableContent = { chains: {}, sets: {}, elements: {} };

/** Beyond this an `add element` line is split: nft's parser keeps a line in memory several times over. */
const elementsPerLineMax = 500;

export interface TableName {
  readonly family: 'ip' | 'ip6';
  readonly table: string;
}

/** The lines that make `next` of `old`; none where nothing differs. */
export function contentChange(
  { family, table }: TableName,
  old: readonly TableContent[],
  next: readonly TableContent[],
): string[] {
  const at = `${family} ${table}`;
  const before = merged(old);
  const after = merged(next);
  const lines = {
    begin: [] as string[],
    rules: [] as string[],
    elements: [] as string[],
    end: [] as string[],
  };
  for (const [name, declaration] of after.sets) {
    const known = before.sets.get(name);
    if (known === declaration) continue;
    // One that is declared anew is emptied with its users, and only then made again.
    if (known === undefined) lines.begin.push(`add set ${at} ${name} { ${declaration} }`);
    else lines.begin.push(...redeclared(at, name, declaration, before.chains));
  }
  for (const [name, rules] of after.chains) {
    const known = before.chains.get(name);
    if (known && isSameList(known, rules)) continue;
    lines.begin.push(`add chain ${at} ${name}`);
    lines.rules.push(...(known ? [`flush chain ${at} ${name}`] : []));
    lines.rules.push(...rules.map((rule) => `add rule ${at} ${name} ${rule}`));
  }
  for (const [set, elements] of before.elements) {
    const wanted = after.elements.get(set);
    const gone = [...elements].filter(([key, value]) => wanted?.get(key) !== value).map(([key]) => key);
    lines.elements.push(...elementLines(`delete element ${at} ${set}`, gone));
  }
  for (const [set, elements] of after.elements) {
    const known = before.elements.get(set);
    const fresh = [...elements]
      .filter(([key, value]) => known?.get(key) !== value)
      .map(([key, value]) => (value === '' ? key : `${key} : ${value}`));
    lines.elements.push(...elementLines(`add element ${at} ${set}`, fresh));
  }
  const goneChains = [...before.chains.keys()].filter((name) => !after.chains.has(name));
  lines.end.push(...goneChains.map((name) => `flush chain ${at} ${name}`));
  lines.end.push(...goneChains.map((name) => `delete chain ${at} ${name}`));
  for (const name of before.sets.keys())
    if (!after.sets.has(name)) lines.end.push(`delete set ${at} ${name}`);
  return [...lines.begin, ...lines.rules, ...lines.elements, ...lines.end];
}

interface Merged {
  readonly chains: Map<string, readonly string[]>;
  readonly sets: Map<string, string>;
  readonly elements: Map<string, Map<string, string>>;
}

function merged(contents: readonly TableContent[]): Merged {
  const all: Merged = { chains: new Map(), sets: new Map(), elements: new Map() };
  for (const { chains, sets, elements } of contents) {
    for (const [name, rules] of Object.entries(chains)) all.chains.set(name, rules);
    for (const [name, declaration] of Object.entries(sets)) all.sets.set(name, declaration);
    for (const [set, values] of Object.entries(elements)) {
      const known = all.elements.get(set) ?? new Map<string, string>();
      for (const [key, value] of Object.entries(values)) known.set(key, value);
      all.elements.set(set, known);
    }
  }
  return all;
}

/** Rules that name a set hold it: their chains are emptied first, and filled again since their rules name it still. */
function redeclared(at: string, name: string, declaration: string, chains: Merged['chains']): string[] {
  const users = [...chains].filter(([, rules]) => rules.some((rule) => rule.includes(`@${name} `)));
  return [
    ...users.map(([chain]) => `flush chain ${at} ${chain}`),
    `delete set ${at} ${name}`,
    `add set ${at} ${name} { ${declaration} }`,
    ...users.flatMap(([chain, rules]) => rules.map((rule) => `add rule ${at} ${chain} ${rule}`)),
  ];
}

function elementLines(command: string, elements: readonly string[]): string[] {
  const lines: string[] = [];
  for (let from = 0; from < elements.length; from += elementsPerLineMax) {
    lines.push(`${command} { ${elements.slice(from, from + elementsPerLineMax).join(', ')} }`);
  }
  return lines;
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
