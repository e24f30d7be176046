import type { FieldError } from '#status.ts';
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '#types.generated.ts';
import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '#validation/faults.ts';
import { portNameFaults, portNumberFaults } from '#validation/names.ts';

const httpSchemes = ['HTTP', 'HTTPS'];
const headerNamePattern = /^[-A-Za-z0-9]+$/;

export function validateProbes(
  container: { livenessProbe?: Probe; readinessProbe?: Probe; startupProbe?: Probe },
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (!probe) continue;
    const at = `${path}.${name}`;
    faults.push(...validateProbe(probe, at));
    // One success has to be enough where a failure restarts.
    if (name !== 'readinessProbe' && probe.successThreshold !== undefined && probe.successThreshold !== 1)
      faults.push(invalidValue(`${at}.successThreshold`, probe.successThreshold, 'must be 1'));
    if (name === 'readinessProbe' && probe.terminationGracePeriodSeconds !== undefined)
      faults.push(
        invalidValue(
          `${at}.terminationGracePeriodSeconds`,
          probe.terminationGracePeriodSeconds,
          'must not be set for readinessProbes',
        ),
      );
  }
  return faults;
}

function validateProbe(probe: Probe, path: string): FieldError[] {
  const faults = validateHandler(probe, path);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    const value = probe[field];
    if (value !== undefined && value < 0)
      faults.push(invalidValue(`${path}.${field}`, value, 'must be greater than or equal to 0'));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    faults.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  return faults;
}

export function validateLifecycle(lifecycle: Lifecycle | undefined, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (lifecycle?.postStart) faults.push(...validateHandler(lifecycle.postStart, `${path}.postStart`));
  if (lifecycle?.preStop) faults.push(...validateHandler(lifecycle.preStop, `${path}.preStop`));
  return faults;
}

function validateHandler(handler: LifecycleHandler & Pick<Probe, 'grpc'>, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const given = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter((name) => handler[name]);
  if (given.length === 0) return [required(path, 'must specify a handler type')];
  for (const name of given.slice(1))
    faults.push(forbiddenField(`${path}.${name}`, 'may not specify more than 1 handler type'));
  switch (given[0]) {
    case 'exec':
      if (!handler.exec?.command?.length) faults.push(required(`${path}.exec.command`));
      break;
    case 'httpGet':
      if (handler.httpGet) faults.push(...validateHttpGet(handler.httpGet, `${path}.httpGet`));
      break;
    case 'tcpSocket':
      if (handler.tcpSocket)
        faults.push(...validatePortReference(handler.tcpSocket.port, `${path}.tcpSocket.port`));
      break;
    case 'grpc':
      if (handler.grpc) faults.push(...validatePortReference(handler.grpc.port, `${path}.grpc.port`));
      break;
    case 'sleep':
      if ((handler.sleep?.seconds ?? 0) < 0)
        faults.push(invalidValue(`${path}.sleep`, handler.sleep?.seconds, 'must be non-negative'));
      break;
    case undefined:
      break;
  }
  return faults;
}

function validateHttpGet(action: HTTPGetAction, path: string): FieldError[] {
  const faults = validatePortReference(action.port, `${path}.port`);
  if (action.scheme !== undefined && !httpSchemes.includes(action.scheme))
    faults.push(notSupported(`${path}.scheme`, action.scheme, httpSchemes));
  for (const { name } of action.httpHeaders ?? [])
    if (!headerNamePattern.test(name))
      faults.push(
        invalidValue(
          `${path}.httpHeaders`,
          name,
          "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        ),
      );
  return faults;
}

/** A number, or the name of a container port. */
export function validatePortReference(port: string | number | undefined, path: string): FieldError[] {
  if (port === undefined) return [required(path)];
  const reasons = typeof port === 'number' ? portNumberFaults(port) : portNameFaults(port);
  return invalidValues(path, port, reasons);
}
