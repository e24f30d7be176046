import { expect, test } from 'vitest';
import { approvalCondition, nameStatus } from '#crd/accepted-names.ts';
import type { Definition, DefinitionNames } from '#crd/definition.ts';

const used = {
  resources: new Set(['alphas', 'alpha', 'al']),
  kinds: new Set(['Alpha', 'AlphaList']),
};
const betas: DefinitionNames = { plural: 'betas', singular: 'beta', kind: 'Beta', listKind: 'BetaList' };

function definition(names: DefinitionNames, acceptedNames?: DefinitionNames): Definition {
  return { spec: { group: 'example.com', scope: 'Cluster', names, versions: [] }, status: { acceptedNames } };
}

test.for([
  ['betas', {}, 'NoConflicts', 'no conflicts found', betas],
  ['alphas', { plural: 'alphas' }, 'PluralConflict', '"alphas" is already in use', { ...betas, plural: '' }],
  ['singular', { singular: 'al' }, 'SingularConflict', '"al" is already in use', without('singular')],
  ['shorts', { shortNames: ['al', 'b'] }, 'ShortNamesConflict', '"al" is already in use', betas],
  [
    'several shorts',
    { shortNames: ['al', 'alpha'] },
    'ShortNamesConflict',
    '["al" is already in use, "alpha" is already in use]',
    betas,
  ],
  ['kind', { kind: 'Alpha' }, 'KindConflict', '"Alpha" is already in use', { ...betas, kind: '' }],
  [
    'list',
    { listKind: 'AlphaList' },
    'ListKindConflict',
    '"AlphaList" is already in use',
    without('listKind'),
  ],
  // Of several conflicts the last is told.
  [
    'all',
    { plural: 'alphas', kind: 'Alpha' },
    'KindConflict',
    '"Alpha" is already in use',
    { ...betas, plural: '', kind: '' },
  ],
] as const)('a definition of %s gets what is free: %o', ([, own, reason, message, names]) => {
  const wanted = { ...betas, ...own } as DefinitionNames;
  const { condition, names: given } = nameStatus(definition(wanted), used);
  expect(condition).toMatchObject({ type: 'NamesAccepted', reason, message });
  expect(given).toEqual(names);
});

test('names once given stay with their definition until it has others', () => {
  const before = { ...betas, shortNames: ['b'] };
  const wanted = { ...betas, plural: 'alphas', shortNames: ['bb'] };
  expect(nameStatus(definition(wanted, before), used).names).toEqual({ ...betas, shortNames: ['bb'] });
  expect(nameStatus(definition(betas, before), used).names).toEqual(betas);
});

test.for([
  ['example.com', undefined, undefined],
  ['x.k8s.io', undefined, 'MissingAnnotation'],
  ['x.k8s.io', 'https://github.com/kubernetes/enhancements/pull/1', 'ApprovedAnnotation'],
  ['x.k8s.io', 'unapproved, since young', 'UnapprovedAnnotation'],
  ['x.k8s.io', 'nonsense', 'InvalidAnnotation'],
] as const)('in group %s approval by %s is %s', ([group, approval, reason]) => {
  const annotations = approval === undefined ? undefined : { 'api-approved.kubernetes.io': approval };
  const plain = definition(betas);
  const condition = approvalCondition({
    ...plain,
    metadata: { annotations },
    spec: { ...plain.spec, group },
  });
  expect(condition?.reason).toBe(reason);
});

function without(field: 'singular' | 'listKind'): DefinitionNames {
  const { [field]: _, ...rest } = betas;
  return rest as DefinitionNames;
}
