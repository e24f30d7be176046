/** HorizontalPodAutoscalers, as autoscaling/v2 has them. */
import type { FieldError } from '#status.ts';
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '#types.generated.ts';
import { canonicalQuantity } from '#quantity.ts';
import {
  checkNotNegative,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { dnsLabelFaults, pathSegmentFaults } from '#validation/names.ts';
import { checkContainerResourceName, checkNotNegativeQuantity, quantityIn } from '#validation/resources.ts';

const windowSecondsMax = 3600;
const periodSecondsMax = 1800;
const selectPolicies = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];
const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

interface AutoscalerOptions {
  /** What a changed autoscaler already refers to may stay. */
  readonly anyTarget?: boolean;
  /** One kind that can be scaled is of no group. */
  readonly coreTarget?: boolean;
  readonly anyObject?: boolean;
}

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  return specFaults(spec, { coreTarget: spec?.scaleTargetRef?.kind === 'ReplicationController' });
}

export function validateAutoscalerUpdate(
  next: HorizontalPodAutoscaler,
  old: HorizontalPodAutoscaler,
): FieldError[] {
  const target = next.spec?.scaleTargetRef;
  const before = old.spec?.scaleTargetRef;
  return specFaults(next.spec, {
    anyTarget: target?.apiVersion === before?.apiVersion && target?.kind === before?.kind,
    coreTarget: target?.kind === 'ReplicationController',
    anyObject: old.spec?.metrics?.some(
      ({ object }) => object && versionFault(object.describedObject?.apiVersion, true) !== undefined,
    ),
  });
}

function specFaults(
  spec: Partial<HorizontalPodAutoscalerSpec> = {},
  options: AutoscalerOptions,
): FieldError[] {
  const faults: FieldError[] = [];
  const { minReplicas: min, maxReplicas: max = 0, behavior } = spec;
  if (min !== undefined && min < 1)
    faults.push(invalidValue('spec.minReplicas', min, 'must be greater than or equal to 1'));
  if (max === 0) faults.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  else if (max < 0) faults.push(invalidValue('spec.maxReplicas', max, 'must be greater than or equal to 1'));
  if (min !== undefined && max < min)
    faults.push(invalidValue('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  checkReference(faults, spec.scaleTargetRef, 'spec.scaleTargetRef', {
    any: options.anyTarget,
    core: options.coreTarget,
  });
  for (const [index, metric] of (spec.metrics ?? []).entries())
    checkMetric(faults, metric, `spec.metrics[${index}]`, options);
  if (min === 0 && !spec.metrics?.some(({ type }) => type === 'Object' || type === 'External'))
    faults.push(
      forbiddenField(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    );
  if (behavior) {
    checkRules(faults, behavior.scaleUp, 'spec.behavior.scaleUp');
    checkRules(faults, behavior.scaleDown, 'spec.behavior.scaleDown');
  }
  return faults;
}

function versionFault(apiVersion = '', core = false): string | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  return core || (parts.length === 2 && parts[0] !== '') ? undefined : 'apiVersion must specify API group';
}

function checkReference(
  faults: FieldError[],
  reference: CrossVersionObjectReference | undefined,
  path: string,
  { any = false, core = false }: { readonly any?: boolean; readonly core?: boolean },
): void {
  for (const field of ['kind', 'name'] as const) {
    const text = reference?.[field];
    if (!text) faults.push(required(`${path}.${field}`));
    else checkReasons(faults, `${path}.${field}`, text, pathSegmentFaults(text));
  }
  const why = any ? undefined : versionFault(reference?.apiVersion, core);
  if (why !== undefined) faults.push(invalidValue(`${path}.apiVersion`, reference?.apiVersion ?? '', why));
}

function checkRules(faults: FieldError[], rules: HPAScalingRules | undefined, path: string): void {
  if (!rules) return;
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies = [], tolerance } = rules;
  const window = `${path}.stabilizationWindowSeconds`;
  if (seconds !== undefined && seconds < 0)
    faults.push(invalidValue(window, seconds, 'must be greater than or equal to zero'));
  if (seconds !== undefined && seconds > windowSecondsMax)
    faults.push(invalidValue(window, seconds, `must be less than or equal to ${windowSecondsMax}`));
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy))
    faults.push(notSupported(`${path}.selectPolicy`, selectPolicy, selectPolicies));
  if (policies.length === 0) faults.push(required(`${path}.policies`, 'must specify at least one Policy'));
  for (const [index, { type = '', value = 0, periodSeconds = 0 }] of policies.entries()) {
    const at = `${path}.policies[${index}]`;
    if (!policyTypes.includes(type)) faults.push(notSupported(`${at}.type`, type, policyTypes));
    if (value <= 0) faults.push(invalidValue(`${at}.value`, value, 'must be greater than zero'));
    if (periodSeconds <= 0)
      faults.push(invalidValue(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'));
    if (periodSeconds > periodSecondsMax)
      faults.push(
        invalidValue(
          `${at}.periodSeconds`,
          periodSeconds,
          `must be less than or equal to ${periodSecondsMax}`,
        ),
      );
  }
  if (tolerance !== undefined) checkNotNegativeQuantity(faults, tolerance, `${path}.tolerance`);
}

type MetricField = 'object' | 'external' | 'pods' | 'resource' | 'containerResource';

/** In the order in which they are looked at. */
const metricFields: readonly MetricField[] = ['object', 'external', 'pods', 'resource', 'containerResource'];

function checkMetric(
  faults: FieldError[],
  metric: MetricSpec,
  path: string,
  options: AutoscalerOptions,
): void {
  const { type } = metric;
  if (!type) faults.push(required(`${path}.type`, 'must specify a metric source type'));
  const known = metricTypes.includes(type);
  if (!known) faults.push(notSupported(`${path}.type`, type, metricTypes));
  const present = metricFields.filter((field) => metric[field] !== undefined);
  if (present[0]) checkSource(faults, metric, `${path}.${present[0]}`, present[0], options);
  const expected = (type.charAt(0).toLowerCase() + type.slice(1)) as MetricField;
  if (!known) faults.push(notSupported(`${path}.type`, type, metricTypes));
  else if (metric[expected] === undefined)
    faults.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  if (present.length === 1) return;
  for (const field of present)
    if (field !== expected)
      faults.push(forbiddenField(`${path}.${field}`, 'must populate the given metric source only'));
}

function checkSource(
  faults: FieldError[],
  { object, external, pods, resource, containerResource }: MetricSpec,
  path: string,
  field: MetricField,
  options: AutoscalerOptions,
): void {
  switch (field) {
    case 'object':
      if (!object) return;
      checkReference(faults, object.describedObject, `${path}.describedObject`, {
        any: options.anyObject,
        core: true,
      });
      checkIdentifier(faults, object.metric, `${path}.metric`);
      checkTarget(faults, object.target, `${path}.target`);
      if (object.target?.value === undefined && object.target?.averageValue === undefined)
        faults.push(
          required(`${path}.target.averageValue`, 'must set either a target value or averageValue'),
        );
      return;
    case 'external': {
      if (!external) return;
      checkIdentifier(faults, external.metric, `${path}.metric`);
      checkTarget(faults, external.target, `${path}.target`);
      const { value, averageValue } = external.target ?? {};
      if (value === undefined && averageValue === undefined)
        faults.push(
          required(
            `${path}.target.averageValue`,
            'must set either a target value for metric or a per-pod target',
          ),
        );
      if (value !== undefined && averageValue !== undefined)
        faults.push(
          forbiddenField(
            `${path}.target.value`,
            'may not set both a target value for metric and a per-pod target',
          ),
        );
      return;
    }
    case 'pods':
      if (!pods) return;
      checkIdentifier(faults, pods.metric, `${path}.metric`);
      checkTarget(faults, pods.target, `${path}.target`);
      if (pods.target?.averageValue === undefined)
        faults.push(required(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
      return;
    case 'resource':
      if (!resource?.name) faults.push(required(`${path}.name`, 'must specify a resource name'));
      checkUse(faults, resource?.target, `${path}.target`);
      return;
    case 'containerResource': {
      const { name, container, target } = containerResource ?? {};
      if (!name) faults.push(required(`${path}.name`, 'must specify a resource name'));
      else checkContainerResourceName(faults, name, `${path}.name`);
      if (!container) faults.push(required(`${path}.container`, 'must specify a container'));
      else checkReasons(faults, `${path}.container`, container, dnsLabelFaults(container));
      checkUse(faults, target, `${path}.target`);
    }
  }
}

function checkIdentifier(faults: FieldError[], identifier: MetricIdentifier | undefined, path: string): void {
  const name = identifier?.name;
  if (!name) faults.push(required(`${path}.name`, 'must specify a metric name'));
  else checkReasons(faults, `${path}.name`, name, pathSegmentFaults(name));
}

/** Of a resource: as an amount or as a part of what is asked for. */
function checkUse(faults: FieldError[], target: MetricTarget | undefined, path: string): void {
  checkTarget(faults, target, path);
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined)
    faults.push(
      required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'),
    );
  if (averageUtilization !== undefined && averageValue !== undefined)
    faults.push(
      forbiddenField(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'),
    );
}

const targetTypes = ['Utilization', 'Value', 'AverageValue'];

function checkTarget(faults: FieldError[], target: MetricTarget | undefined, path: string): void {
  const { type = '', averageUtilization } = target ?? {};
  if (!type) faults.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!targetTypes.includes(type))
    faults.push(invalidValue(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    const text = target?.[field];
    const amount = quantityIn(text);
    if (text !== undefined && amount && amount.nanos <= 0n)
      faults.push(invalidValue(`${path}.${field}`, canonicalQuantity(text), 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    faults.push(invalidValue(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'));
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const faults: FieldError[] = [];
  checkNotNegative(faults, 'status.currentReplicas', status?.currentReplicas);
  checkNotNegative(faults, 'status.desiredReplicas', status?.desiredReplicas);
  return faults;
}
