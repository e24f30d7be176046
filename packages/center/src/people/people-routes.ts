/** What people keep for themselves: API tokens and settings of the console. */
import { ApiError, type ConfigMap, isApiError } from '@skerry/api';
import { type ApiClient, resources } from '@skerry/client';
import type * as contract from '#contract/index.ts';
import { paths } from '#contract/paths.ts';
import { Fields } from '#http/fields.ts';
import { jsonResponse, noContent, type Route } from '#http/route.ts';
import type { ApiTokens } from '#people/api-tokens.ts';
import { type ApiToken, peopleNamespace as namespace } from '#people/kinds.ts';

/** Before the user's name, in the name of the ConfigMap. */
export const preferencesPrefix = 'user-preferences-';
const preferencesBytesMax = 64 * 1024;

export function peopleRoutes({ client, tokens }: { client: ApiClient; tokens: ApiTokens }): Route[] {
  const configMaps = client.resource<ConfigMap>(resources.configMaps);
  return [
    {
      method: 'GET',
      pattern: paths.preferences,
      async handle({ caller }) {
        try {
          const { data } = await configMaps.get(preferencesName(caller.user), { namespace });
          return jsonResponse(JSON.parse(data?.['preferences'] ?? '{}'));
        } catch (error) {
          if (isApiError(error, 'NotFound')) return jsonResponse({} satisfies contract.Preferences);
          throw error;
        }
      },
    },
    {
      method: 'PUT',
      pattern: paths.preferences,
      async handle(request) {
        // Only ever given back to the same user, whose console reads it with care: any object will do.
        const value = await request.json(preferencesBytesMax);
        void new Fields(value);
        const name = preferencesName(request.caller.user);
        const data = { preferences: JSON.stringify(value) };
        try {
          await configMaps.create({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name, namespace },
            data,
          });
        } catch (error) {
          if (!isApiError(error, 'AlreadyExists')) throw error;
          await configMaps.patch(name, { data }, { namespace, type: 'merge' });
        }
        return jsonResponse(value);
      },
    },
    {
      method: 'GET',
      pattern: paths.apiTokens,
      handle: async ({ caller }) => jsonResponse(tokens.of(caller.user).map(entryOf)),
    },
    {
      method: 'POST',
      pattern: paths.apiTokens,
      action: 'create API token',
      stepUp: true,
      async handle(request) {
        const { caller, audit } = request;
        const fields = new Fields(await request.json());
        const description = fields.optionalText('description', { lengthMax: 200 });
        const clusters = fields.optionalTexts('clusters');
        const token = await tokens.create(caller.user, {
          days: fields.whole('days', { min: 1, max: 366 }),
          readOnly: fields.flag('readOnly'),
          ...(description ? { description } : {}),
          ...(clusters ? { clusters } : {}),
        });
        const [, id = ''] = token.split('_');
        audit.object = `API token ${id}`;
        return jsonResponse({ id, token }, { status: 201 });
      },
    },
    {
      method: 'DELETE',
      pattern: `${paths.apiTokens}/:id`,
      action: 'revoke API token',
      async handle({ caller, params, audit }) {
        audit.object = `API token ${params['id']}`;
        if (caller.method === 'token' && caller.sessionId !== `token-${params['id']}`) {
          throw new ApiError('Forbidden', 'an API token may revoke itself only');
        }
        await tokens.revoke(caller.user, params['id'] ?? '');
        return noContent;
      },
    },
  ];
}

function entryOf({ metadata, spec, status }: ApiToken): contract.ApiTokenEntry {
  return {
    id: metadata?.name ?? '',
    description: spec.description ?? '',
    created: metadata?.creationTimestamp ?? '',
    expires: spec.expires,
    ...(status?.lastUsed ? { lastUsed: status.lastUsed } : {}),
    readOnly: spec.readOnly ?? false,
    ...(spec.clusters ? { clusters: spec.clusters } : {}),
  };
}

function preferencesName(user: string): string {
  return preferencesPrefix + user;
}
