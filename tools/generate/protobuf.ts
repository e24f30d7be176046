/**
 * Writes `packages/api/src/protobuf/messages.generated.json`: field numbers and wire types of the built-in kinds, facts of
 * Kubernetes' public wire format, from the `generated.proto` files of published Go modules.
 *
 *   go mod download k8s.io/api@v0.36.0 …
 *   node tools/generate/protobuf.ts "$(go env GOMODCACHE)/k8s.io" v0.36.0
 *
 * A message becomes one line of fields: `number:name:type`, where a type is a scalar, `@N` (message N of the list), `[]…`
 * (repeated), `{}…` (map from string). A name that starts with `!` is a struct that JSON writes inline; one that starts
 * with `+` is kept in JSON although it is empty or zero, since the field is a pointer, or one that JSON always has (both
 * known from the modules' structs), or required. All other fields are on the wire even when they are not set.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [modules = '', release = ''] = process.argv.slice(2);
const roots = ['api', 'apimachinery', 'apiextensions-apiserver', 'kube-aggregator'].map((name) =>
  join(modules, `${name}@${release}`),
);
const output = join(import.meta.dirname, '../../packages/api/src/protobuf/messages.generated.json');
const schemasFile = join(import.meta.dirname, '../../packages/api/src/schemas.generated.json');

interface Field {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
}

const messages = new Map<string, Field[]>();
const kept = new Set<string>();
for (const root of roots) {
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('generated.proto')) continue;
    const proto = readFileSync(join(root, file), 'utf8');
    readProto(proto);
    const pkg = /^package ([\w.]+);/m.exec(proto)?.[1] ?? '';
    const folder = dirname(join(root, file));
    for (const source of readdirSync(folder))
      if (/^(micro_)?(types|time|meta).*\.go$|^(quantity|intstr)\.go$/.test(source))
        readStructs(readFileSync(join(folder, source), 'utf8'), pkg);
  }
}

/** Fields whose Go type is a pointer, or whose JSON is written when empty: `package.Message.field`, lower-case. */
function readStructs(text: string, pkg: string): void {
  for (const [, message = '', body = ''] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields = body.matchAll(
      /^\t\w+\s+(\*?)[^\s`]+\s+`(?:json:"[^",]*((?:,\w+)*)")?[^`]*protobuf:"[^"`]*name=(\w+)/gm,
    );
    for (const [, pointer, options, field = ''] of fields) {
      if (pointer || (options !== undefined && !/,omit(empty|zero)/.test(options)))
        kept.add(`${pkg}.${message}.${field}`.toLowerCase());
    }
  }
}

function readProto(text: string): void {
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
  const pkg = /^package ([\w.]+);/m.exec(plain)?.[1] ?? '';
  for (const [, message = '', body = ''] of plain.matchAll(/message (\w+) \{([^}]*)\}/g)) {
    const fields = [
      ...body.matchAll(/(optional|repeated|map<string, ([\w.]+)>)\s*([\w.]*)\s+(\w+) = (\d+);/g),
    ].map(([, kind = '', mapValue, type = '', name = '', number = '']): Field => ({
      number: Number(number),
      name,
      type: qualify(mapValue ?? type, pkg),
      repeated: kind === 'repeated',
      map: mapValue !== undefined,
    }));
    messages.set(`${pkg}.${message}`, fields);
  }
}

function qualify(type: string, pkg: string): string {
  if (/^(string|bool|bytes|double|u?int32|u?int64)$/.test(type)) return type;
  return type.startsWith('.') ? type.slice(1) : `${pkg}.${type}`;
}

/** Names of JSON that differ from those of the wire: in the case of letters, and CRD schemas' extensions. */
function jsonName(message: string, name: string): string {
  if (!message.endsWith('.JSONSchemaProps')) {
    const properties = Object.keys(schemaOf(message)?.properties ?? {});
    return properties.includes(name)
      ? name
      : (properties.find((other) => other.toLowerCase() === name.toLowerCase()) ?? name);
  }
  if (name === 'ref' || name === 'schema') return `$${name}`;
  return name.startsWith('xKubernetes')
    ? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    : name;
}

const schemas = JSON.parse(readFileSync(schemasFile, 'utf8')) as Record<
  string,
  { properties?: Record<string, unknown>; required?: string[] }
>;
const names = [...messages.keys()].sort();
const indexes = new Map(names.map((name, index) => [name, index]));

/** The schema of the message; that of its v1 form for older versions, which differ in neither names nor nesting. */
function schemaOf(message: string) {
  return (
    schemaNamed(message) ??
    schemaNamed(
      message
        .replace(/\.v\d+(alpha|beta)\d+\./, '.v1.')
        .replace('k8s.io.api.extensions.', 'k8s.io.api.networking.'),
    )
  );
}

function schemaNamed(message: string) {
  const name = message
    .replace(/^k8s\.io\./, 'io.k8s.')
    .replace('apiextensions_apiserver', 'apiextensions-apiserver');
  return schemas[name.replace('kube_aggregator', 'kube-aggregator')];
}

/** Whether JSON has the fields of this struct in its parent: the parent's schema doesn't know the field's own name. */
function isInline(message: string, field: Field): boolean {
  const schema = schemaOf(message);
  if (!schema?.properties || !indexes.has(field.type) || field.repeated || field.map) return false;
  return !(jsonName(message, field.name) in schema.properties);
}

function isKept(message: string, field: Field): boolean {
  if (field.repeated || field.map) return false;
  if (schemaOf(message)?.required?.includes(jsonName(message, field.name))) return true;
  return kept.has(`${message}.${field.name}`.toLowerCase());
}

function line(message: string): string {
  return (messages.get(message) ?? [])
    .map((field) => {
      const index = indexes.get(field.type);
      const type = index === undefined ? field.type : `@${index}`;
      const mark = isInline(message, field) ? '!' : isKept(message, field) ? '+' : '';
      return `${field.number}:${mark}${jsonName(message, field.name)}:${field.map ? '{}' : field.repeated ? '[]' : ''}${type}`;
    })
    .join(' ');
}

writeFileSync(output, `${JSON.stringify({ names, fields: names.map(line) })}\n`);
process.stdout.write(`${names.length} messages\n`);
