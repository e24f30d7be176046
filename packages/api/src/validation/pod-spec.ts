import { labelKeyFaults, labelValueFaults } from '#selector.ts';
import type { FieldError } from '#status.ts';
import type { PodSpec, PodTemplateSpec, Taint, Toleration } from '#types.generated.ts';
import { validateContainers } from '#validation/containers.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '#validation/faults.ts';
import { validateLabelSelector } from '#validation/label-selector.ts';
import { dnsLabelFaults, dnsSubdomainFaults, ipFaults } from '#validation/names.ts';
import { validateAnnotations, validateLabels } from '#validation/object-meta.ts';
import { validateResourceRequirements } from '#validation/resources.ts';
import { validateVolumes } from '#validation/volumes.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const int32Max = 2 ** 31 - 1;

export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  if (!template) return [required(path)];
  return [
    ...validateLabels(template.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(template.spec, `${path}.spec`),
  ];
}

/** After defaults. */
export function validatePodSpec(spec: PodSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.containers`)];
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const faults = [
    ...validateVolumes(spec.volumes, `${path}.volumes`),
    ...validateContainers(
      {
        containers: spec.containers ?? [],
        initContainers: spec.initContainers ?? [],
        ephemeralContainers: spec.ephemeralContainers ?? [],
      },
      volumes,
      path,
    ),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateTolerations(spec.tolerations, `${path}.tolerations`),
    ...validateAffinity(spec, `${path}.affinity`),
    ...validateSpread(spec, `${path}.topologySpreadConstraints`),
    ...validateNetworking(spec, path),
    ...validateResourceRequirements(spec.resources, `${path}.resources`),
  ];
  if (spec.restartPolicy !== undefined && !restartPolicies.includes(spec.restartPolicy))
    faults.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy, restartPolicies));
  const grace = spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0)
    faults.push(
      invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0'),
    );
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > int32Max))
    faults.push(
      invalidValue(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${int32Max}, inclusive`),
    );
  for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const) {
    const name = spec[field];
    if (name) faults.push(...invalidValues(`${path}.${field}`, name, dnsSubdomainFaults(name)));
  }
  if (spec.schedulingGates?.length && spec.nodeName)
    faults.push(
      forbiddenField(`${path}.nodeName`, 'cannot be set until all schedulingGates have been cleared'),
    );
  const gates = new Set<string>();
  for (const [index, gate] of (spec.schedulingGates ?? []).entries()) {
    faults.push(...invalidValues(`${path}.schedulingGates[${index}]`, gate.name, labelKeyFaults(gate.name)));
    if (gates.has(gate.name)) faults.push(duplicateValue(`${path}.schedulingGates[${index}]`, gate.name));
    gates.add(gate.name);
  }
  return faults;
}

function validateNetworking(spec: PodSpec, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (spec.dnsPolicy !== undefined && !dnsPolicies.includes(spec.dnsPolicy))
    faults.push(notSupported(`${path}.dnsPolicy`, spec.dnsPolicy, dnsPolicies));
  if (spec.dnsPolicy === 'None' && !spec.dnsConfig?.nameservers?.length)
    faults.push(
      required(
        `${path}.dnsConfig.nameservers`,
        'must provide at least one DNS nameserver when `dnsPolicy` is None',
      ),
    );
  if (spec.hostname)
    faults.push(...invalidValues(`${path}.hostname`, spec.hostname, dnsLabelFaults(spec.hostname)));
  if (spec.subdomain)
    faults.push(...invalidValues(`${path}.subdomain`, spec.subdomain, dnsLabelFaults(spec.subdomain)));
  for (const [index, alias] of (spec.hostAliases ?? []).entries())
    faults.push(...invalidValues(`${path}.hostAliases[${index}].ip`, alias.ip, ipFaults(alias.ip)));
  if (spec.hostNetwork)
    for (const [index, container] of (spec.containers ?? []).entries())
      for (const [position, port] of (container.ports ?? []).entries())
        if (port.hostPort && port.hostPort !== port.containerPort)
          faults.push(
            invalidValue(
              `${path}.containers[${index}].ports[${position}].containerPort`,
              port.containerPort,
              'must match `hostPort` when `hostNetwork` is true',
            ),
          );
  if (spec.shareProcessNamespace && spec.hostPID)
    faults.push(
      invalidValue(
        `${path}.shareProcessNamespace`,
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  return faults;
}

function validateEffect(effect: string, path: string): FieldError[] {
  return effects.includes(effect) ? [] : [notSupported(path, effect, effects)];
}

function validateTolerations(tolerations: readonly Toleration[] | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, toleration] of (tolerations ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    if (key) faults.push(...invalidValues(`${at}.key`, key, labelKeyFaults(key)));
    else if (operator !== 'Exists')
      faults.push(
        invalidValue(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute')
      faults.push(
        invalidValue(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    switch (operator) {
      case '':
      case 'Equal': {
        const reasons = labelValueFaults(value);
        if (reasons.length > 0) faults.push(invalidValue(`${at}.operator`, value, reasons.join(';')));
        break;
      }
      case 'Exists':
        if (value)
          faults.push(
            invalidValue(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"),
          );
        break;
      default:
        faults.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    }
    if (effect) faults.push(...validateEffect(effect, `${at}.effect`));
  }
  return faults;
}

export function validateTaints(taints: readonly Taint[] | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, taint] of (taints ?? []).entries()) {
    const at = `${path}[${index}]`;
    faults.push(...invalidValues(`${at}.key`, taint.key, labelKeyFaults(taint.key)));
    faults.push(...invalidValues(`${at}.value`, taint.value ?? '', labelValueFaults(taint.value ?? '')));
    faults.push(...validateEffect(taint.effect, `${at}.effect`));
    const identity = `${taint.effect} ${taint.key}`;
    if (seen.has(identity)) {
      const fault = duplicateValue(at, taint);
      faults.push({ ...fault, message: `${fault.message}: taints must be unique by key and effect pair` });
    }
    seen.add(identity);
  }
  return faults;
}

function validateAffinity(spec: PodSpec, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const { nodeAffinity, podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const node = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
  const selector = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (selector && !selector.nodeSelectorTerms?.length)
    faults.push(required(`${node}.nodeSelectorTerms`, 'must have at least one node selector term'));
  for (const [index, term] of (selector?.nodeSelectorTerms ?? []).entries())
    for (const [position, expression] of (term.matchExpressions ?? []).entries())
      faults.push(
        ...validateNodeRequirement(
          expression,
          `${node}.nodeSelectorTerms[${index}].matchExpressions[${position}]`,
        ),
      );
  for (const [index, term] of (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries())
    if (term.weight < 1 || term.weight > 100)
      faults.push(
        invalidValue(
          `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}].weight`,
          term.weight,
          'must be in the range 1-100',
        ),
      );
  for (const [name, affinity] of [
    ['podAffinity', podAffinity],
    ['podAntiAffinity', podAntiAffinity],
  ] as const) {
    const list = `${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution`;
    for (const [index, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (!term.topologyKey) faults.push(required(`${list}[${index}].topologyKey`, 'can not be empty'));
      faults.push(...validateLabelSelector(term.labelSelector, `${list}[${index}].labelSelector`));
    }
  }
  return faults;
}

function validateNodeRequirement(
  { key, operator, values = [] }: { key: string; operator: string; values?: string[] },
  path: string,
): FieldError[] {
  const faults = invalidValues(`${path}.key`, key, labelKeyFaults(key));
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        faults.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        faults.push(
          forbiddenField(
            `${path}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        );
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        faults.push(
          required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
        );
      break;
    default:
      faults.push(invalidValue(`${path}.operator`, operator, 'not a valid selector operator'));
  }
  return faults;
}

function validateSpread(spec: PodSpec, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (constraint.maxSkew <= 0)
      faults.push(invalidValue(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than 0'));
    if (!constraint.topologyKey) faults.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(constraint.whenUnsatisfiable))
      faults.push(
        notSupported(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, [
          'DoNotSchedule',
          'ScheduleAnyway',
        ]),
      );
    const identity = `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
    if (seen.has(identity)) faults.push(duplicateValue(`${at}.{topologyKey, whenUnsatisfiable}`, identity));
    seen.add(identity);
    faults.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
  }
  return faults;
}
