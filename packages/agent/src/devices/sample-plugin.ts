/**
 * A device plugin that offers devices which aren't there: for trying out what happens to pods that ask for GPUs, on a
 * machine without one. Containers see which ones they were given in `SAMPLE_DEVICES`; nothing else is done for them.
 */
import { access, rm } from 'node:fs/promises';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { credentials, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { type Clock, describeError, type Logger, sleep } from '@skerry/base';
import { call } from '#cri/call.ts';
import {
  type AllocateRequest,
  DevicePluginService,
  RegistrationClient,
} from '#cri/generated/deviceplugin.ts';

export interface SampleDevicePluginOptions {
  readonly kubeletDir: string;
  /** `nvidia.com/gpu` */
  readonly resource: string;
  readonly count: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const retryMs = 200;

/** Registers, and again whenever the agent makes its socket anew, until stopped. */
export async function runSampleDevicePlugin(
  options: SampleDevicePluginOptions,
  signal: AbortSignal,
): Promise<void> {
  const { kubeletDir, resource, count, clock, log } = options;
  const directory = join(kubeletDir, 'device-plugins');
  const endpoint = `skerry-sample-${resource.replaceAll('/', '_')}.sock`;
  const devices = Array.from({ length: count }, (_, index) => ({
    ID: `sample-${index}`,
    health: 'Healthy',
    topology: undefined,
  }));
  const server = new Server();
  server.addService(DevicePluginService, {
    getDevicePluginOptions: (_: unknown, reply: Reply) =>
      reply(null, { preStartRequired: false, getPreferredAllocationAvailable: false }),
    // The stream stays open: its end means that the plugin is gone.
    listAndWatch: (stream: { write(message: object): void }) => stream.write({ devices }),
    getPreferredAllocation: (_: unknown, reply: Reply) => reply(null, { containerResponses: [] }),
    allocate: ({ request }: { request: AllocateRequest }, reply: Reply) =>
      reply(null, {
        containerResponses: (request.containerRequests ?? []).map(({ devicesIds = [] }) => ({
          envs: { SAMPLE_DEVICES: devicesIds.join(',') },
          mounts: [],
          devices: [],
          annotations: {},
          cdiDevices: [],
        })),
      }),
    preStartContainer: (_: unknown, reply: Reply) => reply(null, {}),
  });
  let listening = false;
  while (!signal.aborted) {
    try {
      if (!listening) {
        // The server remembers an address that it could not listen on, and fails with it for good.
        await access(directory);
        await rm(join(directory, endpoint), { force: true });
        await bind(server, join(directory, endpoint));
        listening = true;
      }
      await register({ directory, endpoint, resource });
      log.info('device plugin registered', { resource, count });
      await socketMadeAnew(directory, signal);
    } catch (error) {
      if (!signal.aborted) log.info('device plugin waits for the agent', { error: describeError(error) });
    }
    await sleep(clock, retryMs, signal).catch(() => undefined);
  }
  server.forceShutdown();
  await rm(join(directory, endpoint), { force: true });
}

type Reply = (error: Error | null, response: object) => void;

async function register({
  directory,
  endpoint,
  resource,
}: {
  directory: string;
  endpoint: string;
  resource: string;
}): Promise<void> {
  const client = new RegistrationClient(
    `unix:${join(directory, 'kubelet.sock')}`,
    credentials.createInsecure(),
  );
  try {
    const request = { version: 'v1beta1', endpoint, resourceName: resource, options: undefined };
    await call(client.register.bind(client), request, {
      name: 'Register',
      metadata: new Metadata(),
      timeoutMs: 5000,
    });
  } finally {
    client.close();
  }
}

function socketMadeAnew(directory: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(directory, { signal }, (_, file) => {
      if (file !== 'kubelet.sock') return;
      watcher.close();
      resolve();
    });
    watcher.on('error', reject);
    watcher.on('close', () => resolve());
  });
}

function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
