/**
 * What a stock server's documents say of built-in types beyond what requests are judged by here: defaults that its
 * comments name, values that a field may have, unions. By type, then by field; `''` is the type itself, and null takes a
 * fact away.
 */
import facts from '#openapi/type-facts.json' with { type: 'json' };
import type { Dialect, Document } from '#openapi/schema-document.ts';

const typeFacts: Readonly<Record<string, Readonly<Record<string, Document>>>> = facts;

export function withFacts(name: string, document: Document, dialect: Dialect): Document {
  const own = typeFacts[name];
  if (!own) return document;
  const properties = document['properties'] as Record<string, Document> | undefined;
  for (const [field, fact] of Object.entries(own)) {
    const target = field === '' ? document : properties?.[field];
    if (target) merge(target, fact, dialect);
  }
  return document;
}

function merge(target: Document, fact: Document, dialect: Dialect): void {
  for (const [key, value] of Object.entries(fact)) {
    // The older dialect is told no defaults.
    if (key === 'default' && dialect.name === 'v2') continue;
    if (value === null) delete target[key];
    else if ((key === 'items' || key === 'additionalProperties') && isDocument(target[key]))
      merge(target[key], value as Document, dialect);
    else target[key] = value;
  }
  const { $ref, ...beside } = target;
  if ($ref === undefined || Object.keys(beside).length === 0 || dialect.name === 'v2') return;
  delete target['$ref'];
  target['allOf'] = [{ $ref }];
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
