/** Types of documents that are about the API itself, which no kind has. */
import type { Schema, SchemaSet } from '@skerry/api';

export const metaPrefix = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
export const rawExtension = 'io.k8s.apimachinery.pkg.runtime.RawExtension';
export const versionInfo = 'io.k8s.apimachinery.pkg.version.Info';

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text, listType: 'atomic' };
const typed = { apiVersion: text, kind: text };
const ref = (name: string): Schema => ({ ref: metaPrefix + name });
const listOf = (name: string): Schema => ({ type: 'array', items: ref(name), listType: 'atomic' });

export const discoverySchemas: SchemaSet = {
  schemas: {
    [`${metaPrefix}APIVersions`]: {
      type: 'object',
      required: ['versions', 'serverAddressByClientCIDRs'],
      properties: {
        ...typed,
        serverAddressByClientCIDRs: listOf('ServerAddressByClientCIDR'),
        versions: texts,
      },
    },
    [`${metaPrefix}ServerAddressByClientCIDR`]: {
      type: 'object',
      required: ['clientCIDR', 'serverAddress'],
      properties: { clientCIDR: text, serverAddress: text },
    },
    [`${metaPrefix}APIGroupList`]: {
      type: 'object',
      required: ['groups'],
      properties: { ...typed, groups: listOf('APIGroup') },
    },
    [`${metaPrefix}APIGroup`]: {
      type: 'object',
      required: ['name', 'versions'],
      properties: {
        ...typed,
        name: text,
        preferredVersion: { ...ref('GroupVersionForDiscovery'), unset: {} },
        serverAddressByClientCIDRs: listOf('ServerAddressByClientCIDR'),
        versions: listOf('GroupVersionForDiscovery'),
      },
    },
    [`${metaPrefix}GroupVersionForDiscovery`]: {
      type: 'object',
      required: ['groupVersion', 'version'],
      properties: { groupVersion: text, version: text },
    },
    [`${metaPrefix}APIResourceList`]: {
      type: 'object',
      required: ['groupVersion', 'resources'],
      properties: { ...typed, groupVersion: text, resources: listOf('APIResource') },
    },
    [`${metaPrefix}APIResource`]: {
      type: 'object',
      required: ['name', 'singularName', 'namespaced', 'kind', 'verbs'],
      properties: {
        categories: texts,
        group: text,
        kind: text,
        name: text,
        namespaced: { type: 'boolean' },
        shortNames: texts,
        singularName: text,
        storageVersionHash: text,
        verbs: { type: 'array', items: text },
        version: text,
      },
    },
    [`${metaPrefix}WatchEvent`]: {
      type: 'object',
      required: ['type', 'object'],
      properties: { object: { preserveUnknownFields: true }, type: text },
    },
    [versionInfo]: {
      type: 'object',
      required: [
        'major',
        'minor',
        'gitVersion',
        'gitCommit',
        'gitTreeState',
        'buildDate',
        'goVersion',
        'compiler',
        'platform',
      ],
      properties: Object.fromEntries(
        [
          'buildDate',
          'compiler',
          'emulationMajor',
          'emulationMinor',
          'gitCommit',
          'gitTreeState',
          'gitVersion',
          'goVersion',
          'major',
          'minCompatibilityMajor',
          'minCompatibilityMinor',
          'minor',
          'platform',
        ].map((name) => [name, text]),
      ),
    },
  },
};
