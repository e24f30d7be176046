import { expect, test } from 'vitest';
import { kindOf } from '#kinds/builtin.ts';
import type { AnyObject } from '#object.ts';
import { mandatoryFlowSpecs, mandatoryLevelSpecs } from '#validation/mandatory-flow.ts';

function faults(kind: string, name: string, spec: object): string[] {
  const info = kindOf('flowcontrol.apiserver.k8s.io', 'v1', kind)!;
  const object = { metadata: { name }, spec: structuredClone(spec) } as AnyObject;
  info.strategy.setDefaults?.(object);
  return info.strategy.validate!(object).map(({ path, message }) => `${path}: ${message}`);
}

test.each(Object.entries(mandatoryFlowSpecs))('the schema %s is as it has to be', (name, spec) => {
  expect(faults('FlowSchema', name, spec)).toEqual([]);
});

test.each(Object.entries(mandatoryLevelSpecs))('the level %s is as it has to be', (name, spec) => {
  expect(faults('PriorityLevelConfiguration', name, spec)).toEqual([]);
});

test('a mandatory schema may not be changed', () => {
  expect(faults('FlowSchema', 'exempt', { ...mandatoryFlowSpecs['exempt']!, matchingPrecedence: 5 })).toEqual(
    [
      `spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"exempt"},"MatchingPrecedence":5,"DistinguisherMethod":null,"Rules":[{"Subjects":[{"Kind":"Group","User":null,"Group":{"Name":"system:masters"},"ServiceAccount":null}],"ResourceRules":[{"Verbs":["*"],"APIGroups":["*"],"Resources":["*"],"ClusterScope":true,"Namespaces":["*"]}],"NonResourceRules":[{"Verbs":["*"],"NonResourceURLs":["*"]}]}]}: spec of 'exempt' must equal the fixed value`,
    ],
  );
});

test('of mandatory levels only the shares of the exempt one may be changed', () => {
  const exempt = { type: 'Exempt', exempt: { nominalConcurrencyShares: 7, lendablePercent: 0 } };
  expect(faults('PriorityLevelConfiguration', 'exempt', exempt)).toEqual([]);
  const limited = { nominalConcurrencyShares: 7, lendablePercent: 0, limitResponse: { type: 'Reject' } };
  expect(faults('PriorityLevelConfiguration', 'catch-all', { type: 'Limited', limited })).toEqual([
    `spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":7,"LimitResponse":{"Type":"Reject","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of 'catch-all' must equal the fixed value`,
  ]);
});
