import { credentials, Metadata } from '@grpc/grpc-js';
import { call } from '#cri/call.ts';
import {
  containerFromWire,
  containerStatsFromWire,
  containerStatusFromWire,
  containerToWire,
  credentialToWire,
  filesystemFromWire,
  imageFromWire,
  resourcesToWire,
  sandboxFromWire,
  sandboxStatsFromWire,
  sandboxStatusFromWire,
  sandboxToWire,
} from '#cri/convert.ts';
import { ImageServiceClient, RuntimeServiceClient } from '#cri/generated/cri.ts';
import { ImageMounts } from '#containerd/image-mounts.ts';
import { label } from '#pods/labels.ts';
import { RuntimeError, type ContainerRuntime } from '#runtime.ts';

/** Making a sandbox runs CNI plugins and stopping waits for processes; reads are short. */
const timeouts = { readMs: 30_000, changeMs: 240_000, pullMs: 30 * 60_000 };

/** Answers of the runtime are bounded: a list of thousands of containers, or the output of a probe, fits well below. */
const messageBytesMax = 64 * 1024 * 1024;

export interface CriRuntimeOptions {
  /** Path of the runtime's Unix socket. */
  readonly socket: string;
}

/** The runtime behind a CRI v1 socket (containerd 1.6 and later, CRI-O). No call is made before the first method. */
export function createCriRuntime({ socket }: CriRuntimeOptions): ContainerRuntime {
  const channelOptions = {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': messageBytesMax,
    // Some runtimes refuse the authority that grpc-js derives from a socket path.
    'grpc.default_authority': 'localhost',
    // A runtime that was restarted is found again soon.
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2_000,
  };
  const runtime = new RuntimeServiceClient(`unix:${socket}`, credentials.createInsecure(), channelOptions);
  const images = new ImageServiceClient(`unix:${socket}`, credentials.createInsecure(), channelOptions);
  const metadata = new Metadata();
  const mounts = new ImageMounts({
    socket,
    info: async () => {
      const request = { verbose: true };
      return (await call(runtime.status.bind(runtime), request, reading('Status'))).info ?? {};
    },
  });
  const reading = (name: string) => ({ name, metadata, timeoutMs: timeouts.readMs });
  const changing = (name: string) => ({ name, metadata, timeoutMs: timeouts.changeMs });

  return {
    async version() {
      const answer = await call(runtime.version.bind(runtime), {}, reading('Version'));
      return { name: answer.runtimeName ?? 'unknown', version: answer.runtimeVersion ?? '' };
    },

    async status() {
      const answer = await call(runtime.status.bind(runtime), { verbose: false }, reading('Status'));
      const conditions = answer.status?.conditions ?? [];
      const find = (type: string) => conditions.find((condition) => condition.type === type);
      const messages = conditions
        .filter((condition) => !condition.status)
        .map(
          (condition) =>
            `${condition.type}=false reason:${condition.reason ?? ''} message:${condition.message ?? ''}`,
        );
      return {
        runtimeReady: find('RuntimeReady')?.status ?? false,
        networkReady: find('NetworkReady')?.status ?? false,
        message: messages.join(', ') || undefined,
      };
    },

    async runSandbox(config) {
      const request = { config: sandboxToWire(config), runtimeHandler: config.runtimeHandler };
      const answer = await call(runtime.runPodSandbox.bind(runtime), request, changing('RunPodSandbox'));
      return answer.podSandboxId ?? '';
    },

    async stopSandbox(id) {
      const request = { podSandboxId: id };
      await ignoreMissing(call(runtime.stopPodSandbox.bind(runtime), request, changing('StopPodSandbox')));
    },

    async removeSandbox(id) {
      const request = { podSandboxId: id };
      await ignoreMissing(
        call(runtime.removePodSandbox.bind(runtime), request, changing('RemovePodSandbox')),
      );
    },

    async listSandboxes(filter) {
      const request = { filter: filter && { labelSelector: { [label.podUid]: filter.podUid } } };
      const answer = await call(runtime.listPodSandbox.bind(runtime), request, reading('ListPodSandbox'));
      return (answer.items ?? []).map(sandboxFromWire);
    },

    async sandboxStatus(id) {
      const request = { podSandboxId: id };
      const answer = await call(runtime.podSandboxStatus.bind(runtime), request, reading('PodSandboxStatus'));
      if (!answer.status) throw new RuntimeError('not-found', `sandbox ${id} has no status`);
      return sandboxStatusFromWire(answer.status);
    },

    async createContainer(sandboxId, config, sandbox) {
      const request = {
        podSandboxId: sandboxId,
        config: containerToWire(config),
        sandboxConfig: sandboxToWire(sandbox),
      };
      const answer = await call(runtime.createContainer.bind(runtime), request, changing('CreateContainer'));
      return answer.containerId ?? '';
    },

    async startContainer(id) {
      await call(runtime.startContainer.bind(runtime), { containerId: id }, changing('StartContainer'));
    },

    async stopContainer(id, timeoutSeconds) {
      const request = { containerId: id, timeout: BigInt(Math.max(0, Math.ceil(timeoutSeconds))) };
      const options = {
        name: 'StopContainer',
        metadata,
        timeoutMs: timeouts.changeMs + timeoutSeconds * 1000,
      };
      await ignoreMissing(call(runtime.stopContainer.bind(runtime), request, options));
    },

    async removeContainer(id) {
      const request = { containerId: id };
      await ignoreMissing(call(runtime.removeContainer.bind(runtime), request, changing('RemoveContainer')));
    },

    async listContainers(filter) {
      const request = { filter: filter && { labelSelector: { [label.podUid]: filter.podUid } } };
      const answer = await call(runtime.listContainers.bind(runtime), request, reading('ListContainers'));
      return (answer.containers ?? []).map(containerFromWire);
    },

    async containerStatus(id) {
      const request = { containerId: id };
      const answer = await call(runtime.containerStatus.bind(runtime), request, reading('ContainerStatus'));
      if (!answer.status) throw new RuntimeError('not-found', `container ${id} has no status`);
      return containerStatusFromWire(answer.status, '');
    },

    async updateContainerResources(id, resources) {
      const request = { containerId: id, linux: resourcesToWire(resources) };
      await call(
        runtime.updateContainerResources.bind(runtime),
        request,
        changing('UpdateContainerResources'),
      );
    },

    async reopenContainerLog(id) {
      await call(
        runtime.reopenContainerLog.bind(runtime),
        { containerId: id },
        reading('ReopenContainerLog'),
      );
    },

    async execSync(id, command, timeoutSeconds) {
      const request = { containerId: id, cmd: [...command], timeout: BigInt(Math.ceil(timeoutSeconds)) };
      // The runtime ends the command at its own timeout; ours only guards against a runtime that hangs.
      const options = { name: 'ExecSync', metadata, timeoutMs: (timeoutSeconds + 30) * 1000 };
      const answer = await call(runtime.execSync.bind(runtime), request, options);
      return {
        stdout: answer.stdout ?? new Uint8Array(),
        stderr: answer.stderr ?? new Uint8Array(),
        exitCode: answer.exitCode ?? 0,
      };
    },

    async execUrl(id, { command, ...streams }) {
      const request = { containerId: id, cmd: [...command], ...streams };
      const answer = await call(runtime.exec.bind(runtime), request, reading('Exec'));
      return answer.url ?? '';
    },

    async attachUrl(id, streams) {
      const answer = await call(
        runtime.attach.bind(runtime),
        { containerId: id, ...streams },
        reading('Attach'),
      );
      return answer.url ?? '';
    },

    async portForwardUrl(sandboxId) {
      const request = { podSandboxId: sandboxId };
      const answer = await call(runtime.portForward.bind(runtime), request, reading('PortForward'));
      return answer.url ?? '';
    },

    async listContainerStats() {
      const answer = await call(runtime.listContainerStats.bind(runtime), {}, reading('ListContainerStats'));
      return (answer.stats ?? []).map(containerStatsFromWire);
    },

    async listSandboxStats() {
      try {
        const answer = await call(
          runtime.listPodSandboxStats.bind(runtime),
          {},
          reading('ListPodSandboxStats'),
        );
        return (answer.stats ?? []).map(sandboxStatsFromWire);
      } catch (error) {
        if (error instanceof RuntimeError && error.code === 'refused') return [];
        throw error;
      }
    },

    async listImages() {
      const answer = await call(images.listImages.bind(images), {}, reading('ListImages'));
      return (answer.images ?? []).map(imageFromWire);
    },

    async imageStatus(reference) {
      const request = { image: { image: reference } };
      const answer = await call(images.imageStatus.bind(images), request, reading('ImageStatus'));
      return answer.image?.id ? imageFromWire(answer.image) : undefined;
    },

    async pullImage(reference, { credential, sandbox, signal }) {
      const request = {
        image: { image: reference },
        auth: credential && credentialToWire(credential),
        sandboxConfig: sandbox && ('uid' in sandbox ? sandboxToWire(sandbox) : { ...sandbox }),
      };
      const options = { name: 'PullImage', metadata, timeoutMs: timeouts.pullMs, signal };
      const answer = await call(images.pullImage.bind(images), request, options);
      return answer.imageRef ?? '';
    },

    async removeImage(id) {
      const request = { image: { image: id } };
      await ignoreMissing(call(images.removeImage.bind(images), request, changing('RemoveImage')));
    },

    mountImage: (id, target) => mounts.mount(id, target),
    unmountImage: (target) => mounts.unmount(target),

    async imageFilesystem() {
      const answer = await call(images.imageFsInfo.bind(images), {}, reading('ImageFsInfo'));
      return filesystemFromWire(answer.imageFilesystems?.[0] ?? {});
    },

    close() {
      runtime.close();
      images.close();
    },
  };
}

async function ignoreMissing(pending: Promise<unknown>): Promise<void> {
  try {
    await pending;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'not-found')) throw error;
  }
}
