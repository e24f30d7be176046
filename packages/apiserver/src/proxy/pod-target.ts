/** Which pod, container and node a streaming request means; the texts are those that clients show or match on. */
import { badRequest, notFound, type Pod } from '@skerry/api';
import type { ResourceRequest } from '#request-info.ts';
import type { ObjectReader } from '#security.ts';

const pods = { group: '', resource: 'pods' };

export function findPod(read: ObjectReader, info: ResourceRequest, name = info.name): Pod {
  const pod = read.get<Pod>(pods, name, info.namespace);
  if (!pod) throw notFound(pods, name);
  return pod;
}

/** The container that was asked for, or the only one. */
export function chooseContainer(pod: Pod, asked: string | null): string {
  const podName = pod.metadata.name;
  const main = namesOf(pod.spec?.containers);
  const init = namesOf(pod.spec?.initContainers);
  const ephemeral = namesOf(pod.spec?.ephemeralContainers);
  if (asked) {
    if ([...main, ...init, ...ephemeral].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  }
  if (main.length === 1) return main[0]!;
  if (main.length === 0) throw badRequest(`a container name must be specified for pod ${podName}`);
  const choices = [
    `choose one of: [${main.join(' ')}]`,
    ...(init.length > 0 ? [`or one of the init containers: [${init.join(' ')}]`] : []),
    ...(ephemeral.length > 0 ? [`or one of the ephemeral containers: [${ephemeral.join(' ')}]`] : []),
  ];
  throw badRequest(`a container name must be specified for pod ${podName}, ${choices.join(' ')}`);
}

/** The node the pod was bound to. */
export function nodeOf(pod: Pod): string {
  const node = pod.spec?.nodeName;
  if (!node) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return node;
}

/** Refuses a log that can't exist yet, with the reason that the node reported. */
export function assertLogExists(pod: Pod, container: string, previous: boolean): void {
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ];
  const status = statuses.find(({ name }) => name === container);
  const where = `container "${container}" in pod "${pod.metadata.name}"`;
  if (!status) return;
  if (previous && !status.lastState?.terminated) throw badRequest(`previous terminated ${where} not found`);
  const waiting = status.state?.waiting;
  if (!waiting || status.lastState?.terminated) return;
  const pulling = waiting.reason === 'ErrImagePull' || waiting.reason === 'ImagePullBackOff';
  const why = pulling ? 'trying and failing to pull image' : waiting.reason;
  throw badRequest(`${where} is waiting to start: ${why ?? 'ContainerCreating'}`);
}

function namesOf(containers: readonly { name: string }[] | undefined): string[] {
  return (containers ?? []).map(({ name }) => name);
}
