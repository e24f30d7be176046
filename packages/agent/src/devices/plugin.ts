/** One registered device plugin: its stream of devices, and the calls that give some of them to a container. */
import { credentials, Metadata } from '@grpc/grpc-js';
import { RuntimeError } from '#runtime.ts';
import { call } from '#cri/call.ts';
import { type ContainerAllocateResponse, DevicePluginClient } from '#cri/generated/deviceplugin.ts';
import type { DeviceAllocation } from '#pods/container-config.ts';

export interface DevicePluginOptions {
  readonly resource: string;
  readonly socket: string;
  readonly preferredAllocation: boolean;
  readonly preStart: boolean;
  onDevices(): void;
  /** The stream ended: the plugin is gone or was replaced. */
  onEnd(plugin: DevicePlugin, why: string): void;
}

const devicesMax = 4096;
const allocateTimeoutMs = 10_000;
const preStartTimeoutMs = 30_000;

export class DevicePlugin {
  readonly #options: DevicePluginOptions;
  readonly #client: DevicePluginClient;
  readonly #stream: { cancel(): void };
  #devices: readonly { id: string; healthy: boolean }[] = [];
  #closed = false;

  constructor(options: DevicePluginOptions) {
    this.#options = options;
    this.#client = new DevicePluginClient(`unix:${options.socket}`, credentials.createInsecure());
    const stream = this.#client.listAndWatch({});
    stream.on('data', ({ devices = [] }: { devices?: readonly { ID: string; health: string }[] }) => {
      this.#devices = devices
        .slice(0, devicesMax)
        .map(({ ID, health }) => ({ id: ID, healthy: health === 'Healthy' }));
      options.onDevices();
    });
    stream.on('error', (error: Error) => this.#end(error.message));
    stream.on('end', () => this.#end('it ended its stream'));
    this.#stream = stream;
  }

  get resource(): string {
    return this.#options.resource;
  }

  get devices(): readonly string[] {
    return this.#devices.map(({ id }) => id);
  }

  get healthyDevices(): readonly string[] {
    return this.#devices.filter(({ healthy }) => healthy).map(({ id }) => id);
  }

  /** `count` of the free devices: those that the plugin prefers, where it has a preference. */
  async prefer(free: readonly string[], count: number): Promise<readonly string[]> {
    if (!this.#options.preferredAllocation) return free.slice(0, count);
    const request = {
      containerRequests: [{ availableDeviceIDs: [...free], mustIncludeDeviceIDs: [], allocationSize: count }],
    };
    const answer = await call(this.#client.getPreferredAllocation.bind(this.#client), request, {
      name: `GetPreferredAllocation of ${this.resource}`,
      metadata: new Metadata(),
      timeoutMs: allocateTimeoutMs,
    });
    const preferred = (answer.containerResponses?.[0]?.deviceIDs ?? []).filter((id) => free.includes(id));
    return preferred.length === count ? preferred : free.slice(0, count);
  }

  async allocate(ids: readonly string[]): Promise<DeviceAllocation> {
    const options = { metadata: new Metadata(), timeoutMs: allocateTimeoutMs };
    const answer = await call(
      this.#client.allocate.bind(this.#client),
      { containerRequests: [{ devicesIds: [...ids] }] },
      { ...options, name: `Allocate of ${this.resource}` },
    );
    const [response] = answer.containerResponses ?? [];
    if (!response)
      throw new RuntimeError('failed', `Allocate of ${this.resource}: the plugin answered nothing`);
    if (this.#options.preStart) {
      await call(
        this.#client.preStartContainer.bind(this.#client),
        { devicesIds: [...ids] },
        { ...options, timeoutMs: preStartTimeoutMs, name: `PreStartContainer of ${this.resource}` },
      );
    }
    return allocationOf(response);
  }

  /** Without a word to `onEnd`. */
  close(): void {
    this.#closed = true;
    this.#stream.cancel();
    this.#client.close();
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.#devices = this.#devices.map(({ id }) => ({ id, healthy: false }));
    this.close();
    this.#options.onEnd(this, why);
  }
}

function allocationOf(response: ContainerAllocateResponse): DeviceAllocation {
  return {
    env: Object.entries(response.envs ?? {}).map(([name, value]) => ({ name, value })),
    mounts: (response.mounts ?? []).map(({ containerPath = '', hostPath = '', readOnly = false }) => ({
      containerPath,
      hostPath,
      readOnly,
      propagation: 'private',
    })),
    devices: (response.devices ?? []).map(({ containerPath = '', hostPath = '', permissions = '' }) => ({
      containerPath,
      hostPath,
      permissions,
    })),
    annotations: response.annotations ?? {},
    cdiDevices: (response.cdiDevices ?? []).map(({ name = '' }) => name),
  };
}
