/**
 * Where pods may go, as the wizard asks for it: pools, regions, nodes. It stands in the required node affinity, one expression
 * each. An affinity of several terms, or with an expression of another form for one of these labels, is left as it is.
 */
import { getAt, listIn, setAt, textIn, type Path } from './object-path.ts';

export const placementLabels = {
  pools: 'apps.openyurt.io/nodepool',
  regions: 'topology.kubernetes.io/region',
  nodes: 'kubernetes.io/hostname',
} as const;
export type PlacementKind = keyof typeof placementLabels;

const terms: Path = [
  'affinity',
  'nodeAffinity',
  'requiredDuringSchedulingIgnoredDuringExecution',
  'nodeSelectorTerms',
];
const expressions: Path = [...terms, 0, 'matchExpressions'];

/** @param podSpec the `spec` of a pod template */
export function readPlacement(podSpec: unknown, kind: PlacementKind): readonly string[] {
  const found = expressionsOf(podSpec).find(({ key }) => key === placementLabels[kind]);
  return found?.values ?? [];
}

/** Whether the form can show the placement whole; if not it leaves it alone. */
export function isSimplePlacement(podSpec: unknown): boolean {
  if (listIn(podSpec, terms).length > 1) return false;
  const labels: readonly string[] = Object.values(placementLabels);
  const keys = expressionsOf(podSpec).filter(({ key }) => labels.includes(key));
  const nodeSelector = getAt(podSpec, ['nodeSelector']);
  const selects =
    typeof nodeSelector === 'object' &&
    nodeSelector !== null &&
    labels.some((label) => label in nodeSelector);
  return (
    !selects &&
    keys.every(({ operator }) => operator === 'In') &&
    new Set(keys.map(({ key }) => key)).size === keys.length
  );
}

export function writePlacement<Of>(podSpec: Of, kind: PlacementKind, values: readonly string[]): Of {
  const key = placementLabels[kind];
  const index = expressionsOf(podSpec).findIndex((one) => one.key === key);
  if (values.length > 0) {
    const at = index >= 0 ? index : expressionsOf(podSpec).length;
    const before = getAt(podSpec, [...expressions, at]) ?? {};
    return setAt(podSpec, [...expressions, at], { ...before, key, operator: 'In', values });
  }
  if (index < 0) return podSpec;
  const left = setAt(podSpec, [...expressions, index], undefined);
  if (listIn(left, expressions).length > 0) return left;
  const term = setAt(left, expressions, undefined);
  // A term without expressions selects nothing, and no term at all isn't allowed either.
  const isBare = Object.keys(getAt(term, [...terms, 0]) ?? {}).length === 0;
  return isBare ? setAt(term, terms.slice(0, -1), undefined) : term;
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

function expressionsOf(podSpec: unknown): readonly Expression[] {
  return listIn(podSpec, expressions).map((one) => ({
    key: textIn(one, ['key']),
    operator: textIn(one, ['operator']),
    values: listIn(one, ['values']).map(String),
  }));
}
