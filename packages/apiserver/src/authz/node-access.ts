/**
 * What a node may do: its own Node, its own pods and what those refer to, its own Lease, and a few static rights.
 * A node that is broken into reaches nothing of other nodes' pods.
 * https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
import {
  type NodeImage,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  parseFieldSelector,
} from '@skerry/api';
import { poolOfGroups } from '@skerry/pki';
import { nodeRules } from '#authz/policy/node-rules.ts';
import type { PodGraph, Referred } from '#authz/pod-graph.ts';
import { ruleAllows } from '#authz/rule.ts';
import type { AuthorizationAttributes, AuthorizationDecision, ObjectReader, UserInfo } from '#security.ts';

const userPrefix = 'system:node:';
const yes: AuthorizationDecision = { allowed: true, reason: '' };

/** The node behind a user; undefined for users that are no nodes. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(userPrefix) || !user.groups.includes('system:nodes')) return undefined;
  return user.name.slice(userPrefix.length) || undefined;
}

export class NodeAccess {
  readonly #read: ObjectReader;
  readonly #graph: PodGraph;

  constructor({ read, graph }: { read: ObjectReader; graph: PodGraph }) {
    this.#read = read;
    this.#graph = graph;
  }

  decide(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    if (attributes.path !== undefined) return { allowed: false, reason: '' };
    const { group = '', resource = '' } = attributes;
    switch (group === '' ? resource : `${resource}.${group}`) {
      case 'secrets':
      case 'configmaps':
        return this.#referred(node, resource as Referred, attributes, ['get', 'list', 'watch']);
      case 'persistentvolumeclaims':
        if (attributes.subresource === 'status') {
          return this.#referred(
            node,
            'persistentvolumeclaims',
            attributes,
            ['get', 'update', 'patch'],
            'status',
          );
        }
        return this.#referred(node, 'persistentvolumeclaims', attributes, ['get']);
      case 'persistentvolumes':
        return this.#volume(node, attributes);
      case 'resourceclaims.resource.k8s.io':
        return this.#referred(node, 'resourceclaims', attributes, ['get']);
      case 'volumeattachments.storage.k8s.io':
        return this.#attachment(node, attributes);
      case 'serviceaccounts':
        return this.#serviceAccount(node, attributes);
      case 'leases.coordination.k8s.io':
        return ownObject(attributes, node, 'kube-node-lease');
      case 'csinodes.storage.k8s.io':
        return ownObject(attributes, node, '');
      case 'resourceslices.resource.k8s.io':
        return this.#slice(node, attributes);
      case 'nodeimages.apps.kruise.io':
        return ownNodeImage(node, attributes);
      case 'poolnetworks.network.skerry.io':
        return this.#poolNetwork(node, attributes);
      case 'nodes':
        return this.#node(node, attributes);
      case 'pods':
        return this.#pod(node, attributes);
      default:
        return byRules(attributes);
    }
  }

  #referred(
    node: string,
    what: Referred,
    attributes: AuthorizationAttributes,
    verbs: readonly string[],
    subresource = '',
  ): AuthorizationDecision {
    const { verb, namespace = '' } = attributes;
    const name = attributes.name || selectedName(attributes);
    if (!verbs.includes(verb))
      return no(`can only ${verbs.length > 1 ? 'read' : 'get individual'} resources of this type`);
    if ((attributes.subresource ?? '') !== subresource) return no('cannot read subresource');
    if (name === '') return no('No Object name found');
    if (this.#graph.refers(node, what, namespace, name)) return yes;
    if (isDnsConfig(what, namespace, name)) return yes;
    if (what === 'secrets' && this.#pullsWith(node, namespace, name)) return yes;
    return no(`no relationship found between node '${node}' and this object`);
  }

  /** Whether the node was told to pull an image with the credentials of this Secret. */
  #pullsWith(node: string, namespace: string, name: string): boolean {
    const ref = { group: 'apps.kruise.io', resource: 'nodeimages' };
    const images = this.#read.get<NodeImage>(ref, node)?.spec?.images ?? {};
    return Object.values(images).some(({ pullSecrets }) =>
      pullSecrets?.some((secret) => secret.namespace === namespace && secret.name === name),
    );
  }

  /** A volume is reachable through a claim that one of the node's pods uses. */
  #volume(node: string, { verb, name = '', subresource = '' }: AuthorizationAttributes) {
    if (verb !== 'get' || subresource !== '') return no('can only get individual resources of this type');
    const volume = this.#read.get<PersistentVolume>({ group: '', resource: 'persistentvolumes' }, name);
    const { namespace = '', name: claim = '' } = volume?.spec?.claimRef ?? {};
    const bound = this.#read.get<PersistentVolumeClaim>(
      { group: '', resource: 'persistentvolumeclaims' },
      claim,
      namespace,
    );
    if (
      bound?.spec?.volumeName === name &&
      this.#graph.refers(node, 'persistentvolumeclaims', namespace, claim)
    ) {
      return yes;
    }
    return no(`no relationship found between node '${node}' and this object`);
  }

  #attachment(node: string, { verb, name = '', subresource = '' }: AuthorizationAttributes) {
    if (verb !== 'get' || subresource !== '') return no('can only get individual resources of this type');
    const attachment = this.#read.get({ group: 'storage.k8s.io', resource: 'volumeattachments' }, name);
    const spec = attachment?.['spec'] as { nodeName?: string } | undefined;
    return spec?.nodeName === node ? yes : no(`no relationship found between node '${node}' and this object`);
  }

  #serviceAccount(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb, subresource = '', namespace = '', name = '' } = attributes;
    if (subresource === 'token') {
      if (verb !== 'create') return no('only create is allowed for service account tokens');
    } else if (verb !== 'get' || subresource !== '') {
      return no('can only get individual service accounts and create their tokens');
    }
    if (this.#graph.refers(node, 'serviceaccounts', namespace, name)) return yes;
    return no(`no relationship found between node '${node}' and this object`);
  }

  #slice(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb, name = '', subresource = '' } = attributes;
    if (subresource !== '') return no('cannot authorize ResourceSlice subresources');
    if (verb === 'create') return yes;
    if (['list', 'watch', 'deletecollection'].includes(verb)) {
      if (selects(attributes, 'spec.nodeName', node)) return yes;
      return no(
        `can only list/watch/deletecollection resourceslices with field selector spec.nodeName=${node}`,
      );
    }
    const slice = this.#read.get({ group: 'resource.k8s.io', resource: 'resourceslices' }, name);
    const spec = slice?.['spec'] as { nodeName?: string } | undefined;
    return spec?.nodeName === node ? yes : no(`no relationship found between node '${node}' and this object`);
  }

  /** How the machines of its own pool reach each other; of other pools' addresses it learns what its pool crosses to. */
  #poolNetwork(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb, name = '', subresource = '' } = attributes;
    if (!['get', 'list', 'watch'].includes(verb) || subresource !== '')
      return no('can only read pool networks');
    const registered = this.#read.get({ group: '', resource: 'nodes' }, node);
    // A machine asks for it as it starts, before it has registered its Node: until then its certificate says its pool.
    const pool = registered
      ? registered.metadata?.labels?.['apps.openyurt.io/nodepool']
      : poolOfGroups(attributes.user.groups);
    if (pool !== undefined && (name || selectedName(attributes)) === pool) return yes;
    return no(`node '${node}' can only read the network of its own pool`);
  }

  #node(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb, name = '', subresource = '' } = attributes;
    if (['get', 'list', 'watch'].includes(verb) && subresource === '') {
      if (name === node || selects(attributes, 'metadata.name', node)) return yes;
      return no(`node '${node}' cannot read all nodes, only its own Node object`);
    }
    return byRules(attributes);
  }

  #pod(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
    const { verb, namespace = '', name = '', subresource = '' } = attributes;
    if (subresource === '' && (verb === 'list' || verb === 'watch')) {
      if (selects(attributes, 'spec.nodeName', node)) return yes;
      return no(`can only list/watch pods with spec.nodeName field selector`);
    }
    if (subresource === '' && verb === 'get') {
      if (name === '') return no('No Object name found');
      const pod = this.#read.get<Pod>({ group: '', resource: 'pods' }, name, namespace);
      if (pod?.spec?.nodeName === node) return yes;
      return no(`no relationship found between node '${node}' and this object`);
    }
    return byRules(attributes);
  }
}

/** A node's object of the same name as the node. */
function ownObject(
  { verb, namespace = '', name = '', subresource = '' }: AuthorizationAttributes,
  node: string,
  scope: string,
): AuthorizationDecision {
  if (subresource !== '') return no('cannot authorize subresources');
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) {
    return no('can only get, create, update, patch, or delete an object of its own name');
  }
  if (namespace !== scope) return no(`can only access objects in the "${scope}" system namespace`);
  // The name of a new object is not in the URL; NodeRestriction checks it.
  if (verb !== 'create' && name !== node)
    return no('can only access an object with the same name as the requesting node');
  return yes;
}

/** What the node is to pull: it reads that and says how it goes. */
/** How the cluster's names are to be answered; every node does. */
function isDnsConfig(what: Referred, namespace: string, name: string): boolean {
  return what === 'configmaps' && namespace === 'kube-system' && name === 'kube-dns';
}

function ownNodeImage(node: string, attributes: AuthorizationAttributes): AuthorizationDecision {
  const { verb, subresource = '' } = attributes;
  const verbs = subresource === 'status' ? ['get', 'update', 'patch'] : ['get', 'list', 'watch'];
  if (!['', 'status'].includes(subresource) || !verbs.includes(verb))
    return no('can only read and report on node images');
  if ((attributes.name || selectedName(attributes)) === node) return yes;
  return no('can only access an object with the same name as the requesting node');
}

function byRules(attributes: AuthorizationAttributes): AuthorizationDecision {
  return { allowed: nodeRules.some((rule) => ruleAllows(rule, attributes)), reason: '' };
}

/** A list or watch of one object names it in its field selector. */
function selectedName({ fieldSelector }: AuthorizationAttributes): string {
  if (!fieldSelector) return '';
  try {
    return parseFieldSelector(fieldSelector).exact('metadata.name') ?? '';
  } catch {
    return '';
  }
}

function selects({ fieldSelector }: AuthorizationAttributes, field: string, value: string): boolean {
  if (!fieldSelector) return false;
  try {
    return parseFieldSelector(fieldSelector).exact(field) === value;
  } catch {
    return false;
  }
}

function no(reason: string): AuthorizationDecision {
  return { allowed: false, reason };
}
