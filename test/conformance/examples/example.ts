/** Objects of one kind that a server takes: the least it asks for, and one that says all that is commonly said. */
export interface Example {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resource: string;
  readonly clusterScoped?: boolean;
  /** All of the object but apiVersion, kind and metadata. */
  readonly minimal: object;
  readonly full: object;
  /** A merge patch that may be made on `minimal`; its fields are also what is applied. */
  readonly change: object;
  readonly status?: object;
  /** `{{ns}}-a` and `{{ns}}-b` unless the kind wants names of another form. */
  readonly names?: readonly [string, string];
}

export const containers = [{ name: 'main', image: 'registry.example/app:1' }];

/** The least pod template, of pods labelled `app: a`. */
export const template = { metadata: { labels: { app: 'a' } }, spec: { containers } };
