import type { InstantForm } from '#instant.ts';
import { wireMessage } from '#protobuf/messages.ts';

const none: ReadonlySet<string> = new Set();
const known = new Map<string, ReadonlySet<string>>();

/** Whether a field of a named schema is a `Time` or a `MicroTime`: schemas call both `date-time`, the wire does not. */
export function instantFormOf(ref: string | undefined, field: string): InstantForm {
  return microFields(ref).has(field) ? 'micro-time' : 'time';
}

function microFields(ref: string | undefined): ReadonlySet<string> {
  if (ref === undefined) return none;
  let fields = known.get(ref);
  if (!fields) {
    const message = wireMessage(
      ref.replace(/^io\.k8s\./, 'k8s.io.').replace('apiextensions-apiserver', 'apiextensions_apiserver'),
    );
    const micro = message?.fields.filter(({ type }) => type.endsWith('.MicroTime')) ?? [];
    known.set(ref, (fields = new Set(micro.map(({ name }) => name))));
  }
  return fields;
}
