/**
 * What the packet filter holds for a pod while it has a sandbox: what it may send and receive, before its containers start, and
 * ports of the node that lead to it. Told anew only when that changes.
 */
import type { Pod } from '@skerry/api';
import { describeError } from '@skerry/base';
import type { PodContext } from '#pods/context.ts';
import { hostPortsOf } from '#pods/host-ports.ts';
import { podText, podUid } from '#pods/labels.ts';
import type { SandboxStatus } from '#runtime.ts';

export class SandboxRules {
  readonly #context: PodContext;
  /** As last said; not yet, at first: a former agent may have left some open. */
  #hostPorts = '';
  /** What policies were last told of; undefined where they could not be put in force. */
  #policies: string | undefined = '';

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** Where they are not in force, nothing is to be started. */
  get arePoliciesInForce(): boolean {
    return this.#policies !== undefined;
  }

  /** Answers false when something is to be tried again. */
  async follow(pod: Pod, sandbox: SandboxStatus | undefined): Promise<boolean> {
    const policies = await this.#followPolicies(pod, sandbox);
    const ports = await this.#followHostPorts(pod, sandbox);
    return policies && ports;
  }

  async #followHostPorts(pod: Pod, sandbox: SandboxStatus | undefined): Promise<boolean> {
    const { hostPorts, events } = this.#context;
    const ports = hostPortsOf(pod, sandbox);
    const text = JSON.stringify(ports);
    if (text === this.#hostPorts) return true;
    try {
      await hostPorts.set(podUid(pod), ports);
      this.#hostPorts = text;
      return true;
    } catch (error) {
      events.warning({ pod }, 'FailedHostPort', `Failed to open host ports: ${describeError(error)}`);
      return false;
    }
  }

  async #followPolicies(pod: Pod, sandbox: SandboxStatus | undefined): Promise<boolean> {
    const { policies, log } = this.#context;
    if (pod.spec?.hostNetwork) return true;
    const addresses = sandbox?.ready ? sandbox.addresses : [];
    const text = addresses.length === 0 ? '' : JSON.stringify([addresses, pod.metadata.labels]);
    if (text === this.#policies) return true;
    try {
      await policies.set(pod, addresses);
      this.#policies = text;
      return true;
    } catch (error) {
      log.warn('network policies of the pod not in force', {
        pod: podText(pod),
        error: describeError(error),
      });
      this.#policies = undefined;
      return false;
    }
  }
}
