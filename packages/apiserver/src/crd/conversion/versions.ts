/** How the versions of one definition become each other: by their name alone, or by its webhook. */
import { pruneUnknown, type AnyObject } from '@skerry/api';
import { ConversionWebhook } from '#crd/conversion/conversion-webhook.ts';
import { ConvertedVersion } from '#crd/conversion/converted-version.ts';
import { customKind } from '#crd/custom-kind.ts';
import type { Definition } from '#crd/definition.ts';
import type { WebhookCaller } from '#outgoing/webhook-caller.ts';
import type { EncoderOptions } from '@skerry/serving';
import type { Served } from '#registry/kind-table.ts';
import { schemaOf } from '#registry/rules.ts';

type Conversion = Pick<Served, 'toStorage' | 'fromStorage' | 'remote'> & {
  readonly encoding: Pick<EncoderOptions, 'convert' | 'converted'>;
};

/** The conversion of each version, by its name. */
export function conversionsOf(
  definition: Definition,
  parts: { readonly caller: WebhookCaller; readonly uid: () => string },
): (version: string) => Conversion {
  const { group, versions, conversion } = definition.spec;
  const storage = `${group}/${versions.find(({ storage }) => storage)?.name ?? ''}`;
  const settled = settledForms(definition);
  const webhook =
    conversion?.strategy === 'Webhook' && conversion.webhook
      ? new ConversionWebhook(conversion.webhook, { ...parts, settle: settled })
      : undefined;
  return (version) => {
    const apiVersion = `${group}/${version}`;
    const renaming = { toStorage: renamedTo(storage), fromStorage: renamedTo(apiVersion) };
    if (!webhook) {
      const { schema } = versions.find(({ name }) => name === version) ?? {};
      const settle = settled.get(apiVersion);
      const rename = renaming.fromStorage;
      // What was written before the definition had a default is read with it.
      const fromStorage =
        settle && namesDefault(schema)
          ? (object: AnyObject) => settle(structuredClone(rename(object)))
          : rename;
      // The stored version changes with the definition; only its own objects need no conversion.
      const asStored = versions.length === 1 && fromStorage === rename;
      return { ...renaming, fromStorage, encoding: asStored ? {} : { convert: fromStorage } };
    }
    const converted = new ConvertedVersion(webhook, apiVersion);
    const convert = async (object: AnyObject, to: string) => (await webhook.convert([object], to))[0]!;
    return {
      ...renaming,
      encoding: { converted },
      remote: {
        objects: converted,
        shown: (item) => converted.shown(item),
        toStorage: (object) => convert(object, storage),
        fromStorage: (object) => convert(object, apiVersion),
      },
    };
  };
}

/** By apiVersion: only fields that the version knows, with its defaults. */
function settledForms(definition: Definition): Map<string, (object: AnyObject) => AnyObject> {
  const { group, versions } = definition.spec;
  return new Map(
    versions.map((version) => {
      const kind = customKind(definition, version);
      const settle = (object: AnyObject): AnyObject => {
        pruneUnknown(kind.schemas, schemaOf(kind), object, { root: true });
        kind.info.strategy.setDefaults?.(object);
        return object;
      };
      return [`${group}/${version.name}`, settle];
    }),
  );
}

/** Whether there is a default anywhere in a schema, as the definition writes it. */
function namesDefault(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  if (Array.isArray(schema)) return schema.some(namesDefault);
  return Object.entries(schema).some(([key, value]) => key === 'default' || namesDefault(value));
}

function renamedTo(apiVersion: string): (object: AnyObject) => AnyObject {
  return (object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion });
}
