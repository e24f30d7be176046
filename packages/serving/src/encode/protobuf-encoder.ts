import {
  encodeMessage,
  encodeProtobuf,
  inEnvelope,
  protobufFrame,
  protobufList,
  type AnyObject,
  type TypeName,
} from '@skerry/api';
import type { CachedObject, Encoder } from '#contract.ts';

/**
 * Objects of a built-in kind as protobuf, which Go clients ask for first. An object's message is made once; what stands
 * around it in an answer, a list or a frame is not kept.
 */
export function protobufEncoder(
  type: TypeName,
  objectOf: (item: CachedObject) => AnyObject = ({ object }) => object,
): Encoder {
  const made = new WeakMap<CachedObject, Uint8Array>();
  const message = (item: CachedObject): Uint8Array => {
    let bytes = made.get(item);
    if (!bytes) made.set(item, (bytes = encodeMessage(type, objectOf(item))));
    return bytes;
  };
  const body = (item: CachedObject): Uint8Array => Buffer.concat(inEnvelope(type, [message(item)]));
  return {
    contentType: 'application/vnd.kubernetes.protobuf',
    watchContentType: 'application/vnd.kubernetes.protobuf;stream=watch',
    firstFrameDiffers: false,
    object: body,
    list: (items, meta) =>
      protobufList({ apiVersion: type.apiVersion, kind: `${type.kind}List` }, meta, items.map(message)),
    event: (event, item) => protobufFrame(event, body(item)),
    bookmark(revision, { initialEventsEnd }) {
      const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
      const metadata = { resourceVersion: String(revision), ...annotations };
      return protobufFrame('BOOKMARK', encodeProtobuf({ ...type, metadata }));
    },
    error: (status) => protobufFrame('ERROR', encodeProtobuf(status as unknown as AnyObject)),
  };
}
