/**
 * What expressions of admission may speak of: `object`, `oldObject`, `request`, `namespaceObject`, and where they may,
 * `params` and `authorizer`. Types are those of Kubernetes, since they show in errors.
 * https://kubernetes.io/docs/reference/using-api/cel/#evaluation-variables
 */
import {
  authorizerType,
  boolType,
  type Declared,
  dynType,
  Environment,
  type EnvironmentOptions,
  intType,
  listOf,
  mapOf,
  resourceCheckType,
  stringType,
  structType,
  timestampType,
  type Type,
} from '@skerry/cel';

export interface Offered {
  readonly params: boolean;
  readonly authorizer: boolean;
}

const kindType = structType('kubernetes.GroupVersionKind', {
  group: stringType,
  version: stringType,
  kind: stringType,
});
const resourceType = structType('kubernetes.GroupVersionResource', {
  group: stringType,
  version: stringType,
  resource: stringType,
});
const userType = structType('kubernetes.UserInfo', {
  username: stringType,
  uid: stringType,
  groups: listOf(stringType),
  extra: mapOf(stringType, listOf(stringType)),
});
const requestType = structType('kubernetes.AdmissionRequest', {
  kind: kindType,
  resource: resourceType,
  subResource: stringType,
  requestKind: kindType,
  requestResource: resourceType,
  requestSubResource: stringType,
  name: stringType,
  namespace: stringType,
  operation: stringType,
  userInfo: userType,
  dryRun: boolType,
  options: dynType,
});

const namespaceType = structType('kubernetes.Namespace', {
  metadata: structType('kubernetes.NamespaceMetadata', {
    name: stringType,
    generateName: stringType,
    namespace: stringType,
    labels: mapOf(stringType, stringType),
    annotations: mapOf(stringType, stringType),
    UID: stringType,
    creationTimestamp: timestampType,
    deletionGracePeriodSeconds: intType,
    deletionTimestamp: timestampType,
    generation: intType,
    resourceVersion: stringType,
    finalizers: listOf(stringType),
  }),
  spec: structType('kubernetes.NamespaceSpec', { finalizers: listOf(stringType) }),
  status: structType('kubernetes.NamespaceStatus', {
    conditions: listOf(
      structType('kubernetes.NamespaceCondition', {
        status: stringType,
        type: stringType,
        lastTransitionTime: timestampType,
        message: stringType,
        reason: stringType,
      }),
    ),
    phase: stringType,
  }),
});

/** The types of what requests carry, where they are known: for checking policies before they meet a request. */
export interface KnownTypes {
  readonly object?: Type | Declared;
  readonly params?: Type | Declared;
}

const made = new Map<string, Environment>();

/** The environment of expressions that meet objects of any kind. */
export function admissionEnvironment({ params, authorizer }: Offered): Environment {
  const key = `${params} ${authorizer}`;
  let environment = made.get(key);
  if (!environment) made.set(key, (environment = typedEnvironment({ params, authorizer }, {})));
  return environment;
}

export function typedEnvironment(offered: Offered, types: KnownTypes): Environment {
  const { object = dynType, params = dynType } = types;
  const variables: Record<string, Type | Declared> = {
    object,
    oldObject: object,
    request: requestType,
    namespaceObject: namespaceType,
  };
  if (offered.params) variables['params'] = params;
  if (offered.authorizer) {
    variables['authorizer'] = authorizerType;
    variables['authorizer.requestResource'] = resourceCheckType;
  }
  return new Environment({ variables } satisfies EnvironmentOptions);
}
