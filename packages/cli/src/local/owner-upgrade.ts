/**
 * Pods whose machine's owner says when they are replaced: sets with the strategy `OTA` mark theirs that are of an older template.
 * Here their images are brought in before, and they are replaced, at paths that OpenYurt's hub has for it. All of it needs the
 * center, so nothing of it is done without a link.
 * https://openyurt.io/docs/user-manuals/workload/daemon-pod-ota-update
 */
import type { Agent } from '@skerry/agent';
import {
  isApiError,
  nextImagesAnnotation,
  podImageReadyCondition,
  podNeedUpgradeCondition,
  revisionPrefix,
  type Pod,
  timeText,
} from '@skerry/api';
import { describeError, SkerryError, type Clock, type Logger } from '@skerry/base';
import { resources, type ApiClient } from '@skerry/client';

export interface OwnerUpgradeOptions {
  readonly agent: Pick<Agent, 'pods' | 'pullImages'>;
  readonly client: ApiClient;
  readonly isLinked: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const path = /^\/openyurt\.io\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(upgrade|imagepull)$/;
const imagesMax = 64;

/** What the answer says; undefined where the request is none of these. */
export async function ownerUpgrade(
  options: OwnerUpgradeOptions,
  request: { readonly method: string; readonly pathname: string },
): Promise<string | undefined> {
  const [, namespace, name, action] = path.exec(request.pathname) ?? [];
  if (!namespace || !name || request.method !== 'POST') return undefined;
  if (!options.isLinked())
    throw new SkerryError(
      'owner-upgrade-cut',
      'OTA upgrade is not allowed when node is disconnected to cloud',
    );
  const pod = await upgradable(options, decodeURIComponent(namespace), decodeURIComponent(name));
  return action === 'upgrade' ? upgrade(options, pod) : pull(options, pod);
}

/** Whether the set has a newer template than the pod is of. */
export function needsUpgrade({ status }: Pod): boolean {
  return conditionOf(status, podNeedUpgradeCondition)?.status === 'True';
}

async function upgradable(
  { agent, client }: OwnerUpgradeOptions,
  namespace: string,
  name: string,
): Promise<Pod> {
  const place = `${namespace}/${name}`;
  if (!agent.pods.find(namespace, name))
    throw new SkerryError('local-not-found', `no pod ${place} runs on this machine`);
  const pod = await client.resource<Pod>(resources.pods).get(name, { namespace });
  if (pod.metadata.deletionTimestamp) throw refused(`Pod ${place} is deleting, can not be updated`);
  if (pod.metadata.ownerReferences?.find(({ controller }) => controller)?.kind !== 'DaemonSet')
    throw refused(`Pod ${place} is of no DaemonSet, can not be updated`);
  if (!needsUpgrade(pod)) throw refused(`Pod: ${place} update status is False, can not be updated`);
  return pod;
}

async function upgrade({ client, log }: OwnerUpgradeOptions, { metadata, status }: Pod): Promise<string> {
  const { namespace = '', name = '', uid } = metadata;
  const image = conditionOf(status, podImageReadyCondition);
  const isOfNext = image?.message === conditionOf(status, podNeedUpgradeCondition)?.message;
  // Who asked for its images waits for them; who did not, needn't.
  if (image && !(image.status === 'True' && isOfNext))
    throw refused(
      `Pod: ${namespace}/${name} image is not ready, reason: ${image.reason ?? ''}, message: ${image.message ?? ''}`,
    );
  await client.resource<Pod>(resources.pods).delete(name, { namespace, preconditions: { uid } });
  log.info('pod is replaced at its owner’s word', { pod: `${namespace}/${name}` });
  return `Start updating pod ${namespace}/${name}`;
}

async function pull(options: OwnerUpgradeOptions, pod: Pod): Promise<string> {
  const { agent, log } = options;
  const { namespace = '', name = '' } = pod.metadata;
  const message = conditionOf(pod.status, podNeedUpgradeCondition)?.message ?? revisionPrefix;
  const images = imagesIn(pod);
  if (images.length === 0) throw refused(`Pod: ${namespace}/${name} has no images to come`);
  await say(options, pod, { status: 'False', reason: 'WaitPullImage', message });
  // It may take long; the condition tells how it went.
  agent
    .pullImages(pod, images)
    .then(
      () => say(options, pod, { status: 'True', reason: 'PullImageSuccess', message }),
      (error: unknown) => {
        log.warn('images of a pod to come not there', {
          pod: `${namespace}/${name}`,
          error: describeError(error),
        });
        return say(options, pod, { status: 'False', reason: 'PullImageFail', message });
      },
    )
    .catch((error: unknown) => log.warn('not said how a pull went', { error: describeError(error) }));
  return `Image pre-pull requested for pod ${namespace}/${name}`;
}

async function say(
  { client, clock }: OwnerUpgradeOptions,
  { metadata }: Pod,
  condition: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
): Promise<void> {
  const { namespace, name = '', uid } = metadata;
  const lastTransitionTime = timeText(clock.now());
  const conditions = [{ type: podImageReadyCondition, ...condition, lastTransitionTime }];
  await client
    .resource<Pod>(resources.pods)
    .patch(
      name,
      { metadata: { uid }, status: { conditions } },
      { namespace, subresource: 'status', type: 'strategic' },
    )
    .catch((error: unknown) => {
      if (!isApiError(error, 'NotFound')) throw error;
    });
}

function imagesIn({ metadata }: Pod): string[] {
  try {
    const value: unknown = JSON.parse(metadata.annotations?.[nextImagesAnnotation] ?? '[]');
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string').slice(0, imagesMax) : [];
  } catch {
    return [];
  }
}

function conditionOf(status: Pod['status'], type: string) {
  return status?.conditions?.find((condition) => condition.type === type);
}

function refused(message: string): SkerryError {
  return new SkerryError('owner-upgrade-refused', message);
}
