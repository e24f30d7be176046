import type { KubeObject } from '@skerry/api';

/** Made of one container, whose image says what becomes of the pod. */
export function template(app: string, image: string, spec: object = {}) {
  const containers = [{ name: 'main', image }];
  return { metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 0, containers, ...spec } };
}

export function selecting(app: string, image: string) {
  return { selector: { matchLabels: { app } }, template: template(app, image) };
}

/** Any object with a spec. */
export function object(name: string, spec: object, metadata: object = {}): KubeObject {
  return { metadata: { name, ...metadata }, spec } as KubeObject;
}

/** A patch of the template's image alone. */
export function imagePatch(image: string) {
  return { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } };
}
