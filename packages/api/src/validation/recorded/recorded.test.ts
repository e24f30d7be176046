/**
 * What a stock kube-apiserver 1.36 said of examples with one thing wrong in each. A case is the path of the field, what it
 * was made (absent: it was left out), and the answer.
 */
import { expect, test } from 'vitest';
import { dropEmptyFields } from '#empty-fields.ts';
import type { KindInfo } from '#kind.ts';
import { kindOf } from '#kinds/builtin.ts';
import type { AnyObject } from '#object.ts';
import { fillUnset } from '#required-fields.ts';
import { decodeObject } from '#schema-decode.ts';
import { builtinSchemas } from '#schemas.ts';
import { invalid } from '#status.ts';
import apps from '#validation/recorded/apps.json' with { type: 'json' };
import batch from '#validation/recorded/batch.json' with { type: 'json' };
import cluster from '#validation/recorded/cluster.json' with { type: 'json' };
import core from '#validation/recorded/core.json' with { type: 'json' };
import networking from '#validation/recorded/networking.json' with { type: 'json' };
import pods from '#validation/recorded/pods.json' with { type: 'json' };
import resource from '#validation/recorded/resource.json' with { type: 'json' };
import storage from '#validation/recorded/storage.json' with { type: 'json' };

type Step = string | number;
interface Case {
  readonly at: readonly Step[];
  readonly to?: unknown;
  readonly says: string;
}
interface Recording {
  readonly apiVersion: string;
  readonly kind: string;
  readonly base: object;
  readonly create?: readonly Case[];
  readonly update?: readonly Case[];
}

const recordings = [apps, batch, cluster, core, networking, pods, resource, storage].flat() as Recording[];

function changed(base: object, { at, to }: Case): AnyObject {
  const object = structuredClone(base) as Record<Step, unknown>;
  let part = object;
  for (const step of at.slice(0, -1)) part = part[step] as Record<Step, unknown>;
  const last = at.at(-1)!;
  if (to !== undefined) part[last] = structuredClone(to);
  else if (Array.isArray(part)) part.splice(Number(last), 1);
  else delete part[last];
  return object as AnyObject;
}

/** As the registry makes a body ready for its rules. */
function decoded(info: KindInfo, body: object): AnyObject {
  const ref = { ref: info.schema };
  const { object } = decodeObject(builtinSchemas, ref, body, { mode: 'Ignore', ...info });
  const result = object as AnyObject;
  result.metadata ??= {};
  if (info.namespaced) result.metadata.namespace ||= 'default';
  return ready(info, result);
}

function ready(info: KindInfo, object: AnyObject): AnyObject {
  dropEmptyFields(builtinSchemas, { ref: info.schema }, object);
  info.strategy.setDefaults?.(object);
  fillUnset(builtinSchemas, { ref: info.schema }, object, { nulls: false });
  return object;
}

function created(info: KindInfo, body: object): AnyObject {
  const object = decoded(info, body);
  const hasStatus = info.subresources.some(({ name }) => name === 'status');
  if (hasStatus) delete object.status;
  info.strategy.prepareForCreate?.(object);
  return ready(info, object);
}

function sentence(info: KindInfo, object: AnyObject, faults: Parameters<typeof invalid>[2]): string {
  const { message } = invalid(info, object.metadata?.name ?? '', faults);
  return message.slice(message.indexOf(' is invalid: ') + ' is invalid: '.length);
}

test.each(recordings)('a new $kind of $apiVersion is judged as a stock server does', (recording) => {
  const info = infoOf(recording);
  const { strategy } = info;
  expect(strategy.validate!(created(info, recording.base))).toEqual([]);
  for (const each of recording.create ?? []) {
    const object = created(info, changed(recording.base, each));
    expect(sentence(info, object, strategy.validate!(object)), each.at.join('.')).toBe(each.says);
  }
});

test.each(recordings)('a change of a $kind of $apiVersion is judged as a stock server does', (recording) => {
  const info = infoOf(recording);
  const { strategy } = info;
  const old = created(info, recording.base);
  for (const each of recording.update ?? []) {
    const object = decoded(info, changed(structuredClone(old), each));
    if (old.status !== undefined) object.status = structuredClone(old.status);
    strategy.prepareForUpdate?.(object, old);
    ready(info, object);
    expect(sentence(info, object, strategy.validateUpdate!(object, old, '')), each.at.join('.')).toBe(
      each.says,
    );
  }
});

function infoOf({ apiVersion, kind }: Recording): KindInfo {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return kindOf(group, version, kind)!;
}
