/** Probes and lifecycle hooks: what the node agent asks of a container. */
import type { FieldError } from '#status.ts';
import type { Container, HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '#types.generated.ts';
import {
  checkNotNegative,
  checkReasons,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '#validation/faults.ts';
import { headerNameFaults, portNameFaults, portNumberFaults } from '#validation/names.ts';

/** What of the pod hooks depend on. */
export interface HandlerContext {
  readonly graceSeconds: number | undefined;
  readonly os: string | undefined;
}

export function checkProbes(
  faults: FieldError[],
  container: Pick<Container, 'livenessProbe' | 'readinessProbe' | 'startupProbe'>,
  path: string,
  context: HandlerContext,
): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) checkRestartingProbe(faults, livenessProbe, `${path}.livenessProbe`, context);
  if (readinessProbe) {
    const at = `${path}.readinessProbe`;
    checkProbe(faults, readinessProbe, at, context);
    if (readinessProbe.terminationGracePeriodSeconds !== undefined)
      faults.push(
        invalidValue(
          `${at}.terminationGracePeriodSeconds`,
          readinessProbe.terminationGracePeriodSeconds,
          'must not be set for readinessProbes',
        ),
      );
  }
  if (startupProbe) checkRestartingProbe(faults, startupProbe, `${path}.startupProbe`, context);
}

/** One success has to be enough where a failure restarts. */
function checkRestartingProbe(
  faults: FieldError[],
  probe: Probe,
  path: string,
  context: HandlerContext,
): void {
  checkProbe(faults, probe, path, context);
  if (probe.successThreshold !== 1)
    faults.push(invalidValue(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
}

function checkProbe(faults: FieldError[], probe: Probe, path: string, context: HandlerContext): void {
  checkHandler(faults, probe, path, context);
  checkNotNegative(faults, `${path}.initialDelaySeconds`, probe.initialDelaySeconds);
  checkNotNegative(faults, `${path}.timeoutSeconds`, probe.timeoutSeconds);
  checkNotNegative(faults, `${path}.periodSeconds`, probe.periodSeconds);
  checkNotNegative(faults, `${path}.successThreshold`, probe.successThreshold);
  checkNotNegative(faults, `${path}.failureThreshold`, probe.failureThreshold);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    faults.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
}

export function checkLifecycle(
  faults: FieldError[],
  lifecycle: Lifecycle | undefined,
  path: string,
  context: HandlerContext,
): void {
  if (!lifecycle) return;
  if (lifecycle.postStart) checkHandler(faults, lifecycle.postStart, `${path}.postStart`, context);
  if (lifecycle.preStop) checkHandler(faults, lifecycle.preStop, `${path}.preStop`, context);
  if (lifecycle.stopSignal !== undefined)
    checkStopSignal(faults, lifecycle.stopSignal, `${path}.stopSignal`, context.os);
}

const signalNames =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX';

/** Sorted as texts, as they are told. */
const linuxSignals = [
  ...signalNames.split(' '),
  ...Array.from({ length: 15 }, (_, index) => `RTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAX-${index + 1}`),
]
  .map((name) => `SIG${name}`)
  .sort();
const windowsSignals = ['SIGKILL', 'SIGTERM'];

function checkStopSignal(faults: FieldError[], signal: string, path: string, os: string | undefined): void {
  if (os === undefined) {
    faults.push(forbiddenField(path, 'may not be set for containers with empty `spec.os.name`'));
    return;
  }
  const supported = os === 'windows' ? windowsSignals : os === 'linux' ? linuxSignals : undefined;
  if (supported && !supported.includes(signal)) faults.push(notSupported(path, signal, supported));
}

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>;

function checkHandler(faults: FieldError[], handler: Handler, path: string, context: HandlerContext): void {
  let found = false;
  for (const type of handlerTypes) {
    if (handler[type] === undefined) continue;
    if (found) faults.push(forbiddenField(`${path}.${type}`, 'may not specify more than 1 handler type'));
    else checkAction(faults, handler, `${path}.${type}`, type, context);
    found = true;
  }
  if (!found) faults.push(required(path, 'must specify a handler type'));
}

const handlerTypes = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function checkAction(
  faults: FieldError[],
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  path: string,
  type: (typeof handlerTypes)[number],
  { graceSeconds }: HandlerContext,
): void {
  switch (type) {
    case 'exec':
      if (!exec?.command?.length) faults.push(required(`${path}.command`));
      break;
    case 'httpGet':
      if (httpGet) checkHttpGet(faults, httpGet, path);
      break;
    case 'tcpSocket':
      checkPortReference(faults, tcpSocket?.port, `${path}.port`);
      break;
    case 'grpc':
      checkPortReference(faults, grpc?.port, `${path}.port`);
      break;
    case 'sleep': {
      const seconds = sleep?.seconds ?? 0;
      if (graceSeconds !== undefined && (seconds < 0 || seconds > graceSeconds))
        faults.push(
          invalidValue(
            path,
            seconds,
            `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
          ),
        );
      break;
    }
  }
}

const httpSchemes = ['HTTP', 'HTTPS'];

function checkHttpGet(faults: FieldError[], action: HTTPGetAction, path: string): void {
  if (!action.path) faults.push(required(`${path}.path`));
  checkPortReference(faults, action.port, `${path}.port`);
  if (!httpSchemes.includes(action.scheme ?? ''))
    faults.push(notSupported(`${path}.scheme`, action.scheme ?? '', httpSchemes));
  for (const { name = '' } of action.httpHeaders ?? [])
    checkReasons(faults, `${path}.httpHeaders`, name, headerNameFaults(name));
}

/** A number, or the name of a container port. */
export function checkPortReference(
  faults: FieldError[],
  port: string | number | undefined,
  path: string,
): void {
  const value = port ?? 0;
  checkReasons(
    faults,
    path,
    value,
    typeof value === 'number' ? portNumberFaults(value) : portNameFaults(value),
  );
}
