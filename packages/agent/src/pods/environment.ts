/**
 * A container's environment, from every source there is. What the container itself names wins over what is imported
 * whole, and both over the variables of services.
 * https://kubernetes.io/docs/tasks/inject-data-application/
 */
import type { ConfigMap, Container, Pod, Secret, Service } from '@skerry/api';
import { expand } from '#pods/expansion.ts';
import { fieldValue, resourceValue, type AllocatableFacts, type PodFacts } from '#pods/fields.ts';
import type { EnvVar } from '#runtime.ts';

/** Something that a container needs isn't there: shown as `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

export interface EnvironmentSources {
  readonly facts: PodFacts;
  readonly allocatable: AllocatableFacts;
  /** Undefined when there is none of that name in the pod's namespace. */
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
  services(): readonly Service[];
}

export async function environment(container: Container, sources: EnvironmentSources): Promise<EnvVar[]> {
  const values = new Map<string, string>();
  await importWhole(container, sources, values);
  const services = serviceVariables(sources.facts.pod, sources.services());
  const lookUp = (name: string) => values.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(container, variable, sources)
      : expand(variable.value ?? '', lookUp);
    if (value !== undefined) values.set(variable.name, value);
  }
  for (const [name, value] of services) if (!values.has(name)) values.set(name, value);
  return [...values].map(([name, value]) => ({ name, value }));
}

async function importWhole(
  container: Container,
  sources: EnvironmentSources,
  values: Map<string, string>,
): Promise<void> {
  for (const { configMapRef, secretRef, prefix = '' } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    if (!reference) continue;
    const name = reference.name ?? '';
    const data = configMapRef ? await configMapData(name, sources) : secretData(await sources.secret(name));
    if (!data) {
      if (reference.optional) continue;
      throw missing(configMapRef ? 'configmap' : 'secret', name);
    }
    for (const [key, value] of Object.entries(data)) {
      const variable = `${prefix}${key}`;
      if (isVariableName(variable)) values.set(variable, value);
    }
  }
}

async function configMapData(
  name: string,
  sources: EnvironmentSources,
): Promise<Record<string, string> | undefined> {
  const found = await sources.configMap(name);
  return found && (found.data ?? {});
}

function missing(kind: 'configmap' | 'secret', name: string): ContainerConfigError {
  return new ContainerConfigError(`${kind} "${name}" not found`);
}

function secretData(secret: Secret | undefined): Record<string, string> | undefined {
  if (!secret) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  );
}

/** What the kernel and shells can carry: anything printable without an equals sign. */
function isVariableName(name: string): boolean {
  return /^[ -<>-~]+$/.test(name);
}

async function valueFrom(
  container: Container,
  variable: NonNullable<Container['env']>[number],
  sources: EnvironmentSources,
): Promise<string | undefined> {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = variable.valueFrom ?? {};
  const { pod } = sources.facts;
  if (fieldRef) return fieldValue(sources.facts, fieldRef.fieldPath);
  if (resourceFieldRef) {
    return resourceValue(pod, resourceFieldRef, { container, allocatable: sources.allocatable });
  }
  const reference = configMapKeyRef ?? secretKeyRef;
  if (!reference) return undefined;
  const kind = configMapKeyRef ? 'configmap' : 'secret';
  const name = reference.name ?? '';
  const data = configMapKeyRef ? await configMapData(name, sources) : secretData(await sources.secret(name));
  const value = data && Object.hasOwn(data, reference.key) ? data[reference.key] : undefined;
  if (value !== undefined) return value;
  if (reference.optional) return undefined;
  if (!data) throw missing(kind, name);
  const what = configMapKeyRef ? 'ConfigMap' : 'Secret';
  throw new ContainerConfigError(
    `couldn't find key ${reference.key} in ${what} ${pod.metadata.namespace}/${name}`,
  );
}

/** The variables of older days: `WEB_SERVICE_HOST`, `WEB_PORT_80_TCP_ADDR` and so on. */
export function serviceVariables(pod: Pod, services: readonly Service[]): Map<string, string> {
  const values = new Map<string, string>();
  const withOthers = pod.spec?.enableServiceLinks ?? true;
  const isMaster = ({ metadata }: Service) =>
    metadata.namespace === 'default' && metadata.name === 'kubernetes';
  const chosen = services.filter(
    (service) => isMaster(service) || (withOthers && service.metadata.namespace === pod.metadata.namespace),
  );
  for (const service of chosen.toSorted((a, b) => compare(a.metadata.name, b.metadata.name))) {
    const address = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    const first = ports[0];
    if (!address || address === 'None' || !first) continue;
    const prefix = variablePrefix(service.metadata.name ?? '');
    values.set(`${prefix}_SERVICE_HOST`, address);
    values.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const { name, port } of ports) {
      if (name) values.set(`${prefix}_SERVICE_PORT_${variablePrefix(name)}`, String(port));
    }
    for (const [index, { port, protocol = 'TCP' }] of ports.entries()) {
      const host = address.includes(':') ? `[${address}]` : address;
      const url = `${protocol.toLowerCase()}://${host}:${port}`;
      if (index === 0) values.set(`${prefix}_PORT`, url);
      const stem = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      values.set(stem, url);
      values.set(`${stem}_PROTO`, protocol.toLowerCase());
      values.set(`${stem}_PORT`, String(port));
      values.set(`${stem}_ADDR`, address);
    }
  }
  return values;
}

function variablePrefix(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
