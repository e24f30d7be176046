/**
 * What the flow control objects say that every cluster has and nobody may change: whoever is refused there has nowhere to go.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#mandatory-configuration-objects
 */
import type { FieldError } from '#status.ts';
import type {
  FlowcontrolSubject,
  FlowSchema,
  FlowSchemaSpec,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
} from '#types.generated.ts';
import { invalidValue, sameJson } from '#validation/faults.ts';
import { typedForm } from '#validation/typed-form.ts';

export const mandatoryFlowSpecs: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: [anythingOf('system:masters')],
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: [anythingOf('system:unauthenticated', 'system:authenticated')],
  },
};

export const mandatoryLevelSpecs: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  },
};

function anythingOf(...groups: string[]): PolicyRulesWithSubjects {
  return {
    subjects: groups.map((name): FlowcontrolSubject => ({ kind: 'Group', group: { name } })),
    resourceRules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] },
    ],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  };
}

export function checkMandatorySchema(faults: FieldError[], { metadata, spec }: FlowSchema): void {
  const wanted = specNamed(mandatoryFlowSpecs, metadata.name);
  if (!wanted || sameJson(spec, wanted)) return;
  const shown = typedForm('flowcontrol.FlowSchemaSpec', spec ?? {});
  faults.push(invalidValue('spec', shown, `spec of '${metadata.name}' must equal the fixed value`));
}

/** Of the exempt level its shares may be changed. */
export function checkMandatoryLevel(
  faults: FieldError[],
  { metadata, spec }: PriorityLevelConfiguration,
): void {
  const wanted = specNamed(mandatoryLevelSpecs, metadata.name);
  const free = metadata.name === 'exempt';
  if (!wanted || sameJson(spec, free ? { ...wanted, exempt: spec?.exempt } : wanted)) return;
  const shown = typedForm('flowcontrol.PriorityLevelConfigurationSpec', spec ?? {});
  const which = free ? " except the 'spec.exempt' field" : '';
  faults.push(invalidValue('spec', shown, `spec of '${metadata.name}'${which} must equal the fixed value`));
}

function specNamed<T>(specs: Readonly<Record<string, T>>, name = ''): T | undefined {
  return Object.hasOwn(specs, name) ? specs[name] : undefined;
}
