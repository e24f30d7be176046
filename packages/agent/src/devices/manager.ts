/**
 * Device plugins, by the kubelet's own v1beta1 contract, so that vendors' plugins work unchanged: a plugin registers at
 * `<kubelet>/device-plugins/kubelet.sock`, streams its devices, and is asked what a container needs to use some of them.
 *
 * Promises: a device is given to one container at a time; a container that starts again gets the same ones; what was given
 * survives a restart of the agent (`skerry_device_checkpoint`, replaced atomically). When a plugin's stream ends, its
 * devices stay in the capacity and leave the allocatable; a plugin that doesn't come back within five minutes is forgotten.
 * https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/
 */
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Container, Pod } from '@skerry/api';
import { type Clock, describeError, type Logger, type Service, SkerryError, type Timer } from '@skerry/base';
import { RegistrationService, type RegisterRequest } from '#cri/generated/deviceplugin.ts';
import { DeviceAssignments } from '#devices/assignments.ts';
import { DevicePlugin } from '#devices/plugin.ts';
import type { DeviceAllocation } from '#pods/container-config.ts';
import type { DeviceManager } from '#pods/context.ts';

const socketFile = 'kubelet.sock';
const checkpointFile = 'skerry_device_checkpoint';

export interface DeviceManagerOptions {
  /** `/var/lib/kubelet`; plugins expect their folder below it. */
  readonly kubeletDirectory: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const forgetAfterMs = 5 * 60_000;
const pluginsMax = 64;
const resourceName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

export function createDeviceManager(options: DeviceManagerOptions): DeviceManager & Service {
  return new Manager(options);
}

class Manager implements DeviceManager, Service {
  readonly name = 'device manager';
  readonly #options: DeviceManagerOptions;
  readonly #directory: string;
  readonly #plugins = new Map<string, DevicePlugin>();
  readonly #forgetting = new Map<string, Timer>();
  readonly #listeners = new Set<() => void>();
  readonly #assignments: DeviceAssignments;
  /** One allocation at a time, so that two containers never choose the same device. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #loaded = Promise.withResolvers<void>();

  constructor(options: DeviceManagerOptions) {
    this.#options = options;
    this.#directory = join(options.kubeletDirectory, 'device-plugins');
    this.#assignments = new DeviceAssignments(join(this.#directory, checkpointFile));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    await mkdir(this.#directory, { recursive: true, mode: 0o755 });
    await this.#assignments.load();
    this.#loaded.resolve();
    const socket = join(this.#directory, socketFile);
    // Plugins watch for the socket to be made anew and register again.
    await rm(socket, { force: true });
    const server = new Server();
    server.addService(RegistrationService, {
      register: (
        call: { request: RegisterRequest },
        reply: (error: Error | null, response: object) => void,
      ) => {
        try {
          this.#register(call.request);
          reply(null, {});
        } catch (error) {
          log.warn('device plugin refused', {
            resource: call.request.resourceName,
            error: describeError(error),
          });
          reply(error instanceof Error ? error : new Error(String(error)), {});
        }
      },
    });
    await bind(server, socket);
    log.info('device plugins may register', { socket });
    try {
      await new Promise<void>((resolve) => {
        // It may have come while the socket was made.
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      server.forceShutdown();
      for (const plugin of this.#plugins.values()) plugin.close();
      for (const timer of this.#forgetting.values()) timer.cancel();
      this.#plugins.clear();
      await rm(socket, { force: true });
    }
  }

  allocate(pod: Pod, container: Container): Promise<DeviceAllocation | undefined> {
    const wanted = this.#wantedDevices(container);
    if (wanted.length === 0) return Promise.resolve(undefined);
    const work = this.#last
      .then(() => this.#loaded.promise)
      .then(() => this.#allocate(pod, container, wanted));
    this.#last = work.catch(() => undefined);
    return work;
  }

  release(podUid: string): void {
    this.#assignments.release(podUid).catch((error: unknown) => {
      this.#options.log.warn('device checkpoint not written', { error: describeError(error) });
    });
  }

  resources(): ReadonlyMap<string, { readonly capacity: number; readonly allocatable: number }> {
    return new Map(
      [...this.#plugins].map(([resource, plugin]) => [
        resource,
        { capacity: plugin.devices.length, allocatable: plugin.healthyDevices.length },
      ]),
    );
  }

  onChange(changed: () => void): void {
    this.#listeners.add(changed);
  }

  #register({ version, endpoint = '', resourceName: resource = '', options }: RegisterRequest): void {
    if (version !== 'v1beta1')
      throw new SkerryError('device-plugin-refused', `version ${version} is not v1beta1`);
    if (!resourceName.test(resource))
      throw new SkerryError('device-plugin-refused', `"${resource}" is no extended resource`);
    if (endpoint === '' || endpoint.includes('/')) {
      throw new SkerryError(
        'device-plugin-refused',
        `endpoint "${endpoint}" is not a file name in ${this.#directory}`,
      );
    }
    if (this.#plugins.size >= pluginsMax && !this.#plugins.has(resource)) {
      throw new SkerryError('device-plugin-refused', `there are ${pluginsMax} device plugins already`);
    }
    this.#options.log.info('device plugin registered', { resource, endpoint });
    this.#assignments.note(resource).catch((error: unknown) => {
      this.#options.log.warn('device checkpoint not written', { error: describeError(error) });
    });
    this.#plugins.get(resource)?.close();
    this.#forgetting.get(resource)?.cancel();
    this.#plugins.set(
      resource,
      new DevicePlugin({
        resource,
        socket: join(this.#directory, endpoint),
        preferredAllocation: options?.getPreferredAllocationAvailable ?? false,
        preStart: options?.preStartRequired ?? false,
        onDevices: () => this.#changed(),
        onEnd: (plugin, why) => this.#ended(plugin, why),
      }),
    );
  }

  #ended(plugin: DevicePlugin, why: string): void {
    const { clock, log } = this.#options;
    if (this.#plugins.get(plugin.resource) !== plugin) return;
    log.warn('device plugin gone, its devices are unhealthy', { resource: plugin.resource, why });
    this.#changed();
    const timer = clock.after(forgetAfterMs, () => {
      if (this.#plugins.get(plugin.resource) !== plugin) return;
      this.#plugins.delete(plugin.resource);
      this.#changed();
    });
    this.#forgetting.set(plugin.resource, timer);
  }

  #wantedDevices(container: Container): { resource: string; count: number }[] {
    return Object.entries(container.resources?.limits ?? {})
      .filter(
        ([resource]) =>
          resource.includes('/') &&
          !resource.startsWith('hugepages-') &&
          !resource.includes('kubernetes.io/'),
      )
      .map(([resource, quantity]) => ({ resource, count: Number(quantity) }))
      .filter(({ count }) => count > 0);
  }

  async #allocate(
    pod: Pod,
    container: Container,
    wanted: readonly { resource: string; count: number }[],
  ): Promise<DeviceAllocation | undefined> {
    const podUid = pod.metadata?.uid ?? '';
    const parts: DeviceAllocation[] = [];
    for (const { resource, count } of wanted) {
      const plugin = this.#plugins.get(resource);
      // What never had a plugin here was written into the Node's status by somebody else, and stands for no device.
      if (!plugin && !this.#assignments.knows(resource)) continue;
      if (!plugin) {
        throw new SkerryError(
          'devices-unavailable',
          `no device plugin for ${resource} runs on this node; start it, or ask for none`,
        );
      }
      const assignment = { podUid, container: container.name, resource };
      const ids = this.#assignments.of(assignment) ?? (await this.#choose(plugin, count));
      parts.push(await plugin.allocate(ids));
      await this.#assignments.assign({ ...assignment, ids });
    }
    return parts.length > 0 ? merge(parts) : undefined;
  }

  async #choose(plugin: DevicePlugin, count: number): Promise<readonly string[]> {
    const taken = this.#assignments.taken(plugin.resource);
    const free = plugin.healthyDevices.filter((id) => !taken.has(id));
    if (free.length < count) {
      throw new SkerryError(
        'devices-unavailable',
        `${count} of ${plugin.resource} asked for and ${free.length} free on this node`,
      );
    }
    return plugin.prefer(free, count);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What a manager made in the folder; plug-ins' own sockets are theirs. */
export async function removeDevicePlugins(kubeletDirectory: string): Promise<void> {
  const directory = join(kubeletDirectory, 'device-plugins');
  for (const file of [socketFile, checkpointFile]) await rm(join(directory, file), { force: true });
  for (const folder of [directory, kubeletDirectory]) await rmdir(folder).catch(() => undefined);
}

function merge(parts: readonly DeviceAllocation[]): DeviceAllocation {
  return {
    env: parts.flatMap((part) => part.env),
    mounts: parts.flatMap((part) => part.mounts),
    devices: parts.flatMap((part) => part.devices),
    annotations: Object.assign({}, ...parts.map((part) => part.annotations)),
    cdiDevices: parts.flatMap((part) => part.cdiDevices),
  };
}

function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
