import type { FieldError } from '#status.ts';
import type { Container, EnvFromSource, EnvVar, EphemeralContainer } from '#types.generated.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '#validation/faults.ts';
import {
  dnsLabelFaults,
  envNameFaults,
  ipFaults,
  portNameFaults,
  portNumberFaults,
} from '#validation/names.ts';
import { validateLifecycle, validateProbes } from '#validation/probes.ts';
import { validateResourceRequirements } from '#validation/resources.ts';
import { validateMounts } from '#validation/volumes.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const messagePolicies = ['FallbackToLogsOnError', 'File'];
const envSources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

interface ContainerLists {
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly ephemeralContainers: readonly EphemeralContainer[];
}

/** All containers of a pod: each by itself, their names together, and their host ports. */
export function validateContainers(
  lists: ContainerLists,
  volumes: ReadonlySet<string>,
  path: string,
): FieldError[] {
  if (lists.containers.length === 0) return [required(`${path}.containers`)];
  const faults: FieldError[] = [];
  const names = new Set<string>();
  const hostPorts = new Set<string>();
  for (const [index, container] of lists.containers.entries()) {
    const at = `${path}.containers[${index}]`;
    faults.push(...validateContainer(container, volumes, at), ...claimName(container.name, names, at));
    faults.push(
      ...validateLifecycle(container.lifecycle, `${at}.lifecycle`),
      ...validateProbes(container, at),
    );
    for (const [position, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const key = `${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (hostPorts.has(key)) faults.push(duplicateValue(`${at}.ports[${position}].hostPort`, key));
      hostPorts.add(key);
    }
  }
  for (const [index, container] of lists.initContainers.entries())
    faults.push(
      ...validateInitContainer(container, { volumes, names, at: `${path}.initContainers[${index}]` }),
    );
  for (const [index, container] of lists.ephemeralContainers.entries()) {
    const at = `${path}.ephemeralContainers[${index}]`;
    faults.push(...validateContainer(container, volumes, at), ...claimName(container.name, names, at));
    for (const field of ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const)
      if (container[field] !== undefined)
        faults.push(forbiddenField(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
  }
  return faults;
}

function claimName(name: string, names: Set<string>, path: string): FieldError[] {
  if (!name) return [];
  const taken = names.has(name);
  names.add(name);
  return taken ? [duplicateValue(`${path}.name`, name)] : [];
}

function validateInitContainer(
  container: Container,
  { volumes, names, at }: { volumes: ReadonlySet<string>; names: Set<string>; at: string },
): FieldError[] {
  const faults = [...validateContainer(container, volumes, at), ...claimName(container.name, names, at)];
  const sidecar = container.restartPolicy === 'Always';
  if (sidecar)
    return [
      ...faults,
      ...validateLifecycle(container.lifecycle, `${at}.lifecycle`),
      ...validateProbes(container, at),
    ];
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    if (container[field] !== undefined)
      faults.push(
        forbiddenField(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
      );
  return faults;
}

function validateContainer(
  container: Container | EphemeralContainer,
  volumes: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (!container.name) faults.push(required(`${path}.name`));
  else faults.push(...invalidValues(`${path}.name`, container.name, dnsLabelFaults(container.name)));
  if (!container.image) faults.push(required(`${path}.image`));
  else if (container.image !== container.image.trim())
    faults.push(
      invalidValue(`${path}.image`, container.image, 'must not have leading or trailing whitespace'),
    );
  faults.push(...validatePorts(container, `${path}.ports`));
  faults.push(
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
  );
  faults.push(...validateMounts(container, volumes, path));
  const { imagePullPolicy, terminationMessagePolicy } = container;
  if (imagePullPolicy && !pullPolicies.includes(imagePullPolicy))
    faults.push(notSupported(`${path}.imagePullPolicy`, imagePullPolicy, pullPolicies));
  if (terminationMessagePolicy && !messagePolicies.includes(terminationMessagePolicy))
    faults.push(notSupported(`${path}.terminationMessagePolicy`, terminationMessagePolicy, messagePolicies));
  faults.push(...validateResourceRequirements(container.resources, `${path}.resources`));
  const security = container.securityContext;
  if (security?.privileged && security.allowPrivilegeEscalation === false)
    faults.push(
      invalidValue(
        `${path}.securityContext`,
        security,
        'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ),
    );
  for (const field of ['runAsUser', 'runAsGroup'] as const) {
    const id = security?.[field];
    if (id !== undefined && id < 0)
      faults.push(
        invalidValue(`${path}.securityContext.${field}`, id, 'must be between 0 and 2147483647, inclusive'),
      );
  }
  return faults;
}

function validatePorts(container: Pick<Container, 'ports'>, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of (container.ports ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (port.name) {
      const reasons = portNameFaults(port.name);
      faults.push(...invalidValues(`${at}.name`, port.name, reasons));
      if (reasons.length === 0 && names.has(port.name)) faults.push(duplicateValue(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) faults.push(required(`${at}.containerPort`));
    else
      faults.push(
        ...invalidValues(`${at}.containerPort`, port.containerPort, portNumberFaults(port.containerPort)),
      );
    if (port.hostPort)
      faults.push(...invalidValues(`${at}.hostPort`, port.hostPort, portNumberFaults(port.hostPort)));
    if (port.hostIP) faults.push(...invalidValues(`${at}.hostIP`, port.hostIP, ipFaults(port.hostIP)));
    if (port.protocol && !protocols.includes(port.protocol))
      faults.push(notSupported(`${at}.protocol`, port.protocol, protocols));
  }
  return faults;
}

function validateEnv(variables: readonly EnvVar[] | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, variable] of (variables ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (!variable.name) faults.push(required(`${at}.name`));
    else faults.push(...invalidValues(`${at}.name`, variable.name, envNameFaults(variable.name)));
    const source = variable.valueFrom;
    if (!source) continue;
    const given = envSources.filter((name) => source[name] !== undefined);
    if (given.length === 0)
      faults.push(
        invalidValue(
          `${at}.valueFrom`,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        ),
      );
    else if (variable.value)
      faults.push(invalidValue(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    else if (given.length > 1)
      faults.push(
        invalidValue(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'),
      );
    for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
      const reference = source[name];
      if (!reference) continue;
      if (!reference.name) faults.push(required(`${at}.valueFrom.${name}.name`));
      if (!reference.key) faults.push(required(`${at}.valueFrom.${name}.key`));
    }
    if (source.fieldRef && !source.fieldRef.fieldPath)
      faults.push(required(`${at}.valueFrom.fieldRef.fieldPath`));
    if (source.resourceFieldRef && !source.resourceFieldRef.resource)
      faults.push(required(`${at}.valueFrom.resourceFieldRef.resource`));
  }
  return faults;
}

function validateEnvFrom(sources: readonly EnvFromSource[] | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, source] of (sources ?? []).entries()) {
    if (source.prefix)
      faults.push(...invalidValues(`${path}[${index}].prefix`, source.prefix, envNameFaults(source.prefix)));
    const { configMapRef, secretRef } = source;
    if (!configMapRef && !secretRef)
      faults.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (configMapRef && secretRef)
      faults.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
    if (configMapRef && !configMapRef.name) faults.push(required(`${path}[${index}].configMapRef.name`));
    if (secretRef && !secretRef.name) faults.push(required(`${path}[${index}].secretRef.name`));
  }
  return faults;
}
