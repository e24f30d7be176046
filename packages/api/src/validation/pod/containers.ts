/** The containers of a pod: each by itself, their names together, and their ports on the node. */
import type { FieldError } from '#status.ts';
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  EphemeralContainer,
  PodSpec,
} from '#types.generated.ts';
import {
  checkChoice,
  checkReasons,
  duplicateValue,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  rangeFault,
  required,
  tooMany,
} from '#validation/faults.ts';
import { dnsLabelFaults, portNameFaults } from '#validation/names.ts';
import { checkEnv, checkEnvFrom } from '#validation/pod/env.ts';
import { checkMounts } from '#validation/pod/mounts.ts';
import type { PodOptions } from '#validation/pod/options.ts';
import { checkLifecycle, checkProbes, type HandlerContext } from '#validation/pod/probes.ts';
import { checkSecurityContext } from '#validation/pod/security.ts';
import { pullPolicies, type KnownVolumes } from '#validation/pod/volumes.ts';
import { checkResources } from '#validation/resources.ts';

/** What of the pod its containers refer to. */
export interface ContainerContext {
  readonly volumes: KnownVolumes;
  /** Names of resource claims. */
  readonly claims: ReadonlySet<string>;
  readonly options: PodOptions;
}

export function checkContainers(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  context: ContainerContext,
): void {
  const { containers } = spec;
  const hooks = { graceSeconds: spec.terminationGracePeriodSeconds, os: spec.os?.name };
  if (containers.length === 0) faults.push(required(`${path}.containers`));
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = `${path}.containers[${index}]`;
    checkContainer(faults, container, at, spec, context);
    if (names.has(container.name)) faults.push(duplicateValue(`${at}.name`, container.name));
    names.add(container.name);
    checkHooks(faults, container, at, hooks);
    checkRestarts(faults, container, at);
  }
  checkHostPorts(faults, containers, `${path}.containers`);
  checkInitContainers(faults, spec, `${path}.initContainers`, { ...context, names, hooks });
  checkEphemeralContainers(faults, spec, `${path}.ephemeralContainers`, context);
}

function checkHooks(faults: FieldError[], container: Container, at: string, hooks: HandlerContext): void {
  checkLifecycle(faults, container.lifecycle, `${at}.lifecycle`, hooks);
  checkProbes(faults, container, at, hooks);
}

function checkInitContainers(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  context: ContainerContext & { readonly names: Set<string>; readonly hooks: HandlerContext },
): void {
  const { names, hooks, options } = context;
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const at = `${path}[${index}]`;
    const sidecar = container.restartPolicy === 'Always';
    checkContainer(faults, container, at, spec, context);
    checkRestarts(faults, container, at);
    if (names.has(container.name)) faults.push(duplicateValue(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    checkHostPorts(faults, [container], path);
    if (sidecar) checkHooks(faults, container, at, hooks);
    else
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
        if (container[field] !== undefined)
          faults.push(
            forbiddenField(
              `${at}.${field}`,
              'may not be set for init containers without restartPolicy=Always',
            ),
          );
    if (sidecar || options.restartOnResize) continue;
    for (const [position, { restartPolicy }] of (container.resizePolicy ?? []).entries())
      if (restartPolicy === 'RestartContainer')
        faults.push(
          invalidValue(
            `${at}.resizePolicy[${position}].restartPolicy`,
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
          ),
        );
  }
}

/** In the order in which they are told. */
const notForEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

function checkEphemeralContainers(
  faults: FieldError[],
  spec: PodSpec,
  path: string,
  context: ContainerContext,
): void {
  if (!spec.ephemeralContainers?.length) return;
  const others = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name),
  );
  const names = new Set(others);
  for (const [index, container] of spec.ephemeralContainers.entries()) {
    const at = `${path}[${index}]`;
    const { name, targetContainerName } = container;
    checkContainer(faults, container, at, spec, context);
    checkImageText(faults, container.image, `${at}.image`);
    if (names.has(name)) faults.push(duplicateValue(`${at}.name`, name));
    names.add(name);
    if (targetContainerName && !others.has(targetContainerName))
      faults.push(notFoundValue(`${at}.targetContainerName`, targetContainerName));
    const why = 'cannot be set for an Ephemeral Container';
    for (const field of notForEphemeral)
      if (isSet(container[field])) faults.push(forbiddenField(`${at}.${field}`, why));
    for (const [position, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      if (subPath) faults.push(forbiddenField(`${at}.volumeMounts[${position}].subPath`, why));
      if (subPathExpr) faults.push(forbiddenField(`${at}.volumeMounts[${position}].subPathExpr`, why));
    }
  }
}

function isSet(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined;
  return Object.keys(value).length > 0;
}

export function checkImageText(faults: FieldError[], image: string | undefined, path: string): void {
  if (image !== undefined && image !== image.trim())
    faults.push(invalidValue(path, image, 'must not have leading or trailing whitespace'));
}

const messagePolicies = ['File', 'FallbackToLogsOnError'];

function checkContainer(
  faults: FieldError[],
  container: Container | EphemeralContainer,
  path: string,
  spec: PodSpec,
  { volumes, claims, options }: ContainerContext,
): void {
  if (!container.name) faults.push(required(`${path}.name`));
  else checkReasons(faults, `${path}.name`, container.name, dnsLabelFaults(container.name));
  if (!container.image) faults.push(required(`${path}.image`));
  checkChoice(
    faults,
    `${path}.terminationMessagePolicy`,
    container.terminationMessagePolicy,
    messagePolicies,
  );
  if (container.ports) checkPorts(faults, container.ports, `${path}.ports`);
  if (container.env) checkEnv(faults, container.env, `${path}.env`);
  if (container.envFrom) checkEnvFrom(faults, container.envFrom, `${path}.envFrom`);
  checkMounts(faults, container, volumes, path);
  checkChoice(faults, `${path}.imagePullPolicy`, container.imagePullPolicy, pullPolicies);
  checkResources(faults, container.resources, `${path}.resources`, {
    claims,
    partialPages: options.partialPages,
  });
  if (container.resizePolicy)
    checkResizePolicy(faults, container.resizePolicy, `${path}.resizePolicy`, spec.restartPolicy);
  checkSecurityContext(faults, container.securityContext, `${path}.securityContext`, spec.hostUsers ?? true);
}

export const protocols = ['SCTP', 'TCP', 'UDP'];

function checkPorts(faults: FieldError[], ports: readonly ContainerPort[], path: string): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    if (port.name) {
      const reasons = portNameFaults(port.name);
      checkReasons(faults, `${at}.name`, port.name, reasons);
      if (reasons.length === 0 && names.has(port.name)) faults.push(duplicateValue(`${at}.name`, port.name));
      if (reasons.length === 0) names.add(port.name);
    }
    if (!port.containerPort) faults.push(required(`${at}.containerPort`));
    else checkPortNumber(faults, port.containerPort, `${at}.containerPort`);
    if (port.hostPort) checkPortNumber(faults, port.hostPort, `${at}.hostPort`);
    checkChoice(faults, `${at}.protocol`, port.protocol, protocols);
  }
}

export function checkPortNumber(faults: FieldError[], port: number, path: string): void {
  if (port < 1 || port > 65535) faults.push(invalidValue(path, port, rangeFault(1, 65535)));
}

function checkHostPorts(faults: FieldError[], containers: readonly Container[], path: string): void {
  let taken: Set<string> | undefined;
  for (const [index, { ports }] of containers.entries())
    for (const [position, port] of (ports ?? []).entries()) {
      if (!port.hostPort) continue;
      taken ??= new Set();
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) faults.push(duplicateValue(`${path}[${index}].ports[${position}].hostPort`, key));
      taken.add(key);
    }
}

const resizable = ['cpu', 'memory'];
const resizeActions = ['NotRequired', 'RestartContainer'];

function checkResizePolicy(
  faults: FieldError[],
  policies: readonly ContainerResizePolicy[],
  path: string,
  podPolicy: string | undefined,
): void {
  const seen = new Set<string>();
  for (const [index, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) faults.push(duplicateValue(`${path}[${index}]`, resourceName));
    seen.add(resourceName);
    checkChoice(faults, path, resourceName, resizable);
    checkChoice(faults, path, restartPolicy, resizeActions);
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired')
      faults.push(
        invalidValue(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"),
      );
  }
}

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const ruleActions = ['Restart', 'RestartAllContainers'];
const exitCodeOperators = ['In', 'NotIn'];
const rulesMax = 20;
const exitCodesMax = 255;

function checkRestarts(faults: FieldError[], container: Container, path: string): void {
  const { restartPolicy, restartPolicyRules = [] } = container;
  if (restartPolicy !== undefined) {
    if (!restartPolicies.includes(restartPolicy))
      faults.push(notSupported(`${path}.restartPolicy`, restartPolicy, restartPolicies));
  } else if (restartPolicyRules.length > 0) {
    faults.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  }
  if (restartPolicyRules.length > rulesMax)
    faults.push(tooMany(`${path}.restartPolicyRules`, restartPolicyRules.length, rulesMax));
  for (const [index, rule] of restartPolicyRules.entries())
    checkRestartRule(faults, rule, `${path}.restartPolicyRules[${index}]`);
}

function checkRestartRule(faults: FieldError[], rule: ContainerRestartRule, at: string): void {
  if (!ruleActions.includes(rule.action ?? ''))
    faults.push(notSupported(`${at}.action`, rule.action ?? '', ruleActions));
  if (!rule.exitCodes) {
    faults.push(required(`${at}.exitCodes`, 'must be specified'));
    return;
  }
  const { operator, values = [] } = rule.exitCodes;
  if (!exitCodeOperators.includes(operator))
    faults.push(notSupported(`${at}.exitCodes.operator`, operator, exitCodeOperators));
  if (values.length > exitCodesMax)
    faults.push(tooMany(`${at}.exitCodes.values`, values.length, exitCodesMax));
}
