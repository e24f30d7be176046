/** Documents of the paths that lead to the kinds: `/api/`, `/apis/`, each group, the server's version and its token issuer. */
import { metaPrefix, versionInfo } from '#openapi/discovery-schemas.ts';
import type { Operation } from '#openapi/operation-document.ts';

export interface RootDocument {
  readonly path: string;
  readonly operation: Operation;
}

const json = 'application/json';
const documentTypes = [json, 'application/vnd.kubernetes.protobuf', 'application/yaml'];

/** By the name of the document: `api`, `apis`, `apis/apps`, `version` …; `groups` without the core one. */
export function rootDocuments(groups: readonly string[]): ReadonlyMap<string, RootDocument> {
  return new Map<string, RootDocument>([
    ['api', reading('/api/', 'core', 'getCoreAPIVersions', `${metaPrefix}APIVersions`)],
    ['apis', reading('/apis/', 'apis', 'getAPIVersions', `${metaPrefix}APIGroupList`)],
    [
      'version',
      {
        path: '/version/',
        operation: operation('version', 'getCodeVersion', versionInfo, [json]),
      },
    ],
    ...groups.map((group): [string, RootDocument] => [
      `apis/${group}`,
      reading(
        `/apis/${group}/`,
        groupTag(group),
        `get${capitalize(groupTag(group))}APIGroup`,
        `${metaPrefix}APIGroup`,
      ),
    ]),
    [
      '.well-known/openid-configuration',
      {
        path: '/.well-known/openid-configuration/',
        operation: operation('WellKnown', 'getServiceAccountIssuerOpenIDConfiguration', '', [json]),
      },
    ],
    [
      'openid/v1/jwks',
      {
        path: '/openid/v1/jwks/',
        operation: operation('openid', 'getServiceAccountIssuerOpenIDKeyset', '', [
          'application/jwk-set+json',
        ]),
      },
    ],
  ]);
}

/** What a group version's own document says of the list of its resources. */
export function resourceListDocument(group: string, version: string): RootDocument {
  const root = group === '' ? `/api/${version}/` : `/apis/${group}/${version}/`;
  const tag = `${groupTag(group)}_${version}`;
  const id = `get${capitalize(groupTag(group))}${capitalize(version)}APIResources`;
  return reading(root, tag, id, `${metaPrefix}APIResourceList`);
}

function reading(path: string, tag: string, id: string, answer: string): RootDocument {
  return { path, operation: operation(tag, id, answer, documentTypes) };
}

function operation(tag: string, id: string, answer: string, answerTypes: readonly string[]): Operation {
  return {
    method: 'get',
    id,
    tag,
    description: 'read what is served',
    parameters: [],
    answer,
    answerTypes,
    // What is no API of kinds says nothing of it.
    consumes: answer === '' ? undefined : answerTypes,
    codes: ['200'],
  };
}

/** The group as operations name it. */
export function groupTag(group: string): string {
  if (group === '') return 'core';
  const [first = '', ...rest] = group.replace(/\.k8s\.io$/, '').split(/[.-]/);
  return first + rest.map((word) => capitalize(word)).join('');
}

export function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
