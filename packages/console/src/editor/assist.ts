/** What the editor knows of a cluster's kinds, inside of CodeMirror: completion, faults where they stand, fields on hover. */
import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { linter, type Diagnostic } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { hoverTooltip, type EditorView } from '@codemirror/view';
import { fetchAllTypes, fetchSchema, findType } from '#api/cluster-types.ts';
import { translate, type MessageId } from '#i18n/index.ts';
import { placeAt, suggest, type KnownTypes, type Suggestion } from './complete.ts';
import { pathAt } from './hover.ts';
import { lintDocument, type Fault } from './lint.ts';
import { resolve, schemaAt, type ObjectSchema } from './schema.ts';
import { fieldFacts } from './field-facts.ts';
import {
  checkedLengthMax,
  documentsMax,
  parsePiece,
  pieceAt,
  splitDocuments,
  typeOf,
  YamlRefused,
  type TypeMeta,
  type YamlPiece,
} from './yaml-text.ts';

const lintDelayMs = 350;

export function assist(cluster: string): Extension {
  return [
    autocompletion({
      override: [(context) => complete(cluster, context)],
      activateOnCompletion: ({ apply }) => typeof apply === 'string' && /[\n ]$/.test(apply),
      icons: false,
    }),
    linter((view) => lint(cluster, view), { delay: lintDelayMs }),
    hoverTooltip((view, position) => hover(cluster, view, position)),
  ];
}

async function complete(cluster: string, context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  if (!place || (!context.explicit && place.typed === '' && place.at.key && place.path.length === 0))
    return null;
  const schema = await schemaOfType(cluster, place.type);
  const isType = place.path.length === 1 && (place.path[0] === 'apiVersion' || place.path[0] === 'kind');
  const known: KnownTypes = isType && !place.at.key ? await knownTypes(cluster) : [];
  const suggestions = suggest(place, schema, known);
  if (suggestions.length === 0) return null;
  return {
    from: place.from,
    options: suggestions.map((one, index) => ({
      label: one.label,
      detail: one.isRequired ? `${one.detail} *` : one.detail,
      type: one.kind,
      apply: one.insert,
      boost: one.isRequired ? 50 : -Math.min(index, 50) / 10,
      ...infoOf(one, schema),
    })),
    validFor: /^[\w./-]*$/,
  };
}

function infoOf({ schema }: Suggestion, of: ObjectSchema | undefined): { info?: () => HTMLElement } {
  if (!schema || !of || (!schema.description && !schema.enum && schema.default === undefined)) return {};
  return { info: () => fieldFacts({ schema, definitions: of.definitions }) };
}

async function knownTypes(cluster: string): Promise<KnownTypes> {
  const types = await fetchAllTypes(cluster).catch(() => []);
  return types
    .filter(({ verbs }) => verbs.includes('create'))
    .map(({ group, version, kind }) => ({
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind,
    }));
}

async function schemaOfType(
  cluster: string,
  { apiVersion, kind }: Partial<TypeMeta>,
): Promise<ObjectSchema | undefined> {
  if (!apiVersion || !kind) return undefined;
  return fetchSchema(cluster, { apiVersion, kind }).catch(() => undefined);
}

async function lint(cluster: string, view: EditorView): Promise<readonly Diagnostic[]> {
  const { doc } = view.state;
  const pieces = splitDocuments(doc.toString());
  const checked = pieces.filter(({ text }) => text.length <= checkedLengthMax).slice(0, documentsMax);
  const found: Diagnostic[] = [];
  for (const piece of checked) {
    found.push(...(await lintPiece(cluster, piece)));
    if (view.state.doc !== doc) return [];
  }
  return found;
}

async function lintPiece(cluster: string, piece: YamlPiece): Promise<readonly Diagnostic[]> {
  if (!/\S/.test(piece.text)) return [];
  try {
    const document = parsePiece(piece.text);
    const faults = lintDocument(document, await schemaForLint(cluster, typeOf(document)));
    return faults.map((fault) => diagnosticOf(fault, piece));
  } catch (error) {
    if (!(error instanceof YamlRefused)) throw error;
    return [
      {
        from: piece.from,
        to: piece.from + Math.min(piece.text.length, 1),
        severity: 'error',
        message: translate(`editor.refused.${error.reason}`),
      },
    ];
  }
}

async function schemaForLint(
  cluster: string,
  type: Partial<TypeMeta>,
): Promise<ObjectSchema | 'unknown' | undefined> {
  const { apiVersion, kind } = type;
  if (!apiVersion || !kind) return undefined;
  const schema = await schemaOfType(cluster, type);
  if (schema) return schema;
  try {
    return (await findType(cluster, { apiVersion, kind })) ? undefined : 'unknown';
  } catch {
    return undefined;
  }
}

function diagnosticOf({ from, to, severity, code, values }: Fault, piece: YamlPiece): Diagnostic {
  const id: MessageId =
    code === 'unknownField' && values['near'] ? 'editor.fault.unknownFieldNear' : `editor.fault.${code}`;
  return {
    from: piece.from + Math.min(from, piece.text.length),
    to: piece.from + Math.min(to, piece.text.length),
    severity,
    message: translate(id, values),
  };
}

async function hover(cluster: string, view: EditorView, position: number) {
  const piece = pieceAt(splitDocuments(view.state.doc.toString()), position);
  if (!piece || piece.text.length > checkedLengthMax) return null;
  let found: ReturnType<typeof pathAt>;
  let type: Partial<TypeMeta>;
  try {
    const document = parsePiece(piece.text);
    found = pathAt(document, position - piece.from);
    type = typeOf(document);
  } catch {
    return null;
  }
  const of = found && (await schemaOfType(cluster, type));
  const schema = of && found && schemaAt(of, found.path);
  if (!found || !of || !schema) return null;
  const { path, range } = found;
  const parent = schemaAt(of, path.slice(0, -1));
  const name = String(path.at(-1) ?? '');
  return {
    pos: piece.from + range[0],
    end: piece.from + range[1],
    create: () => ({
      dom: fieldFacts({
        schema: resolve(schema, of.definitions),
        definitions: of.definitions,
        path,
        isRequired: parent?.required?.includes(name) ?? false,
      }),
    }),
  };
}
