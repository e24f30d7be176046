/** Makes and ends the sandboxes of a pod: its control group, then the runtime's network and namespaces. */
import type { Pod } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { PodContext } from '#pods/context.ts';
import { podCgroup, podCgroupResources } from '#pods/resources.ts';
import type { RuntimePod } from '#pods/runtime-pod.ts';
import { sandboxConfig } from '#pods/sandbox-config.ts';
import { RuntimeError, type SandboxConfig, type SandboxStatus } from '#runtime.ts';

/** What has a network soon is looked at soon. */
const networkRetryMs = 1_000;
const retryMs = 10_000;

export type MadeSandbox =
  | { readonly type: 'made'; readonly status: SandboxStatus; readonly config: SandboxConfig }
  | { readonly type: 'failed'; readonly retryAfterMs: number };

export async function sandboxConfigOf(
  context: PodContext,
  pod: Pod,
  attempt: number,
): Promise<SandboxConfig> {
  const { cgroupRoot, logRoot, hostDns } = context;
  return sandboxConfig(pod, attempt, {
    cgroupRoot,
    logRoot,
    clusterDns: context.clusterDns(),
    hostDns: await hostDns(),
  });
}

/** `former`: what the runtime holds of the pod; its sandboxes end where this is not the first. */
export async function makeSandbox(
  context: PodContext,
  pod: Pod,
  { attempt, former }: { readonly attempt: number; readonly former: RuntimePod | undefined },
): Promise<MadeSandbox> {
  const { runtime, events, networkFault, cgroups, cgroupRoot, qosGroups } = context;
  const fault = pod.spec?.hostNetwork ? undefined : networkFault();
  if (fault) {
    events.warning({ pod }, 'NetworkNotReady', `network is not ready: ${fault}`);
    return { type: 'failed', retryAfterMs: networkRetryMs };
  }
  if (attempt > 0) {
    events.normal({ pod }, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    await stopSandboxes(context, former);
  }
  const config = await sandboxConfigOf(context, pod, attempt);
  try {
    await qosGroups.update();
    await cgroups.ensure(podCgroup(cgroupRoot, pod), podCgroupResources(pod));
    const id = await runtime.runSandbox(config);
    return { type: 'made', status: await runtime.sandboxStatus(id), config };
  } catch (error) {
    const why = error instanceof RuntimeError ? error.quoted : describeError(error);
    events.warning({ pod }, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
    return { type: 'failed', retryAfterMs: retryMs };
  }
}

export async function stopSandboxes({ runtime }: PodContext, pod: RuntimePod | undefined): Promise<void> {
  for (const { id } of pod?.sandboxes ?? []) await runtime.stopSandbox(id);
}
