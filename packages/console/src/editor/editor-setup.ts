/** CodeMirror as the console uses it. Its style sheets carry the page's nonce; it sets no `style` attribute from a string. */
import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, type Transaction } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { cspNonce } from '#app/csp-nonce.ts';
import { translate } from '#i18n/index.ts';
import { isNestedTooDeep, textLengthMax } from './yaml-text.ts';

const colors = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--primary)' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: [tags.keyword, tags.typeName, tags.labelName], color: 'var(--disconnected)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--muted)', fontStyle: 'italic' },
  { tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: 'var(--muted)' },
  { tag: tags.meta, color: 'var(--warning)' },
]);

const look = EditorView.theme({
  '&': {
    height: '100%',
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    fontSize: '13px',
  },
  '&.cm-focused': { outline: '2px solid var(--primary)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--surface-2)', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--primary) 8%, transparent)',
  },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--primary) 28%, transparent)',
  },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--surface-2)',
    border: '1px solid var(--line)',
    color: 'var(--muted)',
    padding: '0 6px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
    boxShadow: 'var(--shadow)',
    maxWidth: '560px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '16em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--primary)',
    color: 'var(--surface)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-completionDetail': { color: 'var(--muted)', fontStyle: 'normal', marginLeft: '1.5em' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-fieldFacts': {
    padding: '6px 10px',
    maxWidth: '540px',
    font: '13px/1.5 var(--font)',
    whiteSpace: 'pre-wrap',
  },
  '.cm-fieldPath': { fontFamily: 'var(--mono)', color: 'var(--primary)' },
  '.cm-fieldMore': { color: 'var(--muted)' },
  '.cm-diagnostic': { fontFamily: 'var(--font)' },
  '.cm-panels': { backgroundColor: 'var(--surface-2)', color: 'var(--text)' },
  '.cm-searchMatch': { backgroundColor: 'var(--warning-soft)', outline: '1px solid var(--warning)' },
  '.cm-textfield': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
  },
  '&.cm-merge-a .cm-changedLine': { backgroundColor: 'var(--error-soft)' },
  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--ok-soft)' },
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"⋯"', margin: '0 6px' },
  '.cm-collapsedLines': { background: 'var(--surface-2)', color: 'var(--muted)' },
});

/** What every text of YAML in the console has, also where it can't be changed. */
export function yamlBasics({
  label,
  readOnly,
}: {
  readonly label: string;
  readonly readOnly: boolean;
}): Extension {
  return [
    cspNonce ? EditorView.cspNonce.of(cspNonce) : [],
    EditorView.contentAttributes.of({
      'aria-label': label,
      spellcheck: 'false',
      autocorrect: 'off',
      autocapitalize: 'off',
    }),
    EditorState.readOnly.of(readOnly),
    EditorState.tabSize.of(2),
    indentUnit.of('  '),
    syntaxHighlighting(colors),
    look,
    lineNumbers(),
    highlightSpecialChars(),
    drawSelection(),
    search({ top: true }),
    keymap.of([...searchKeymap, ...foldKeymap]),
    EditorState.phrases.of(phrases()),
  ];
}

/**
 * What tells the parts of YAML apart, for colours, folds and completion; nothing for a text that is nested thousands deep, since
 * whoever walks the tree of one calls itself for each level until there is no room left.
 */
export function yamlLanguage(text: string): Extension {
  const language = new Compartment();
  const none: Extension = [];
  const fitting = (of: string) => (isNestedTooDeep(of) ? none : yaml());
  return [
    language.of(fitting(text)),
    EditorState.transactionExtender.of((transaction) => {
      const isOff = language.get(transaction.startState) === none;
      // Nobody types so deep a nest by hand.
      if (!transaction.docChanged || (!isOff && insertedLength(transaction) < pastedLengthLeast)) return null;
      const wanted = fitting(transaction.newDoc.toString());
      return isOff === (wanted === none) ? null : { effects: language.reconfigure(wanted) };
    }),
  ];
}

const pastedLengthLeast = 100;

function insertedLength({ changes }: Transaction): number {
  let length = 0;
  changes.iterChanges((_fromA, _toA, _fromB, _toB, inserted) => (length += inserted.length));
  return length;
}

export function folding(): Extension {
  return [codeFolding({ placeholderText: '…' }), foldGutter()];
}

/** What one needs to write. Escape, then Tab leaves the editor by keyboard. */
export function writing(): Extension {
  return [
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches({ maxMatches: 100 }),
    lintGutter(),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
  ];
}

/** Refuses a change after which the text would be longer than it may be, however it comes: typed, pasted or dropped. */
export function lengthLimit(onRefused: () => void): Extension {
  return EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.newDoc.length <= textLengthMax) return transaction;
    onRefused();
    return [];
  });
}

function phrases(): Readonly<Record<string, string>> {
  return {
    Find: translate('editor.find'),
    Replace: translate('editor.replace'),
    next: translate('editor.find.next'),
    previous: translate('editor.find.previous'),
    all: translate('editor.find.all'),
    'match case': translate('editor.find.case'),
    regexp: translate('editor.find.regexp'),
    'by word': translate('editor.find.word'),
    replace: translate('editor.replace'),
    'replace all': translate('editor.replace.all'),
    close: translate('action.close'),
    Completions: translate('editor.completions'),
    'Fold line': translate('editor.fold'),
    'Unfold line': translate('editor.unfold'),
    'folded code': translate('editor.folded'),
    unfold: translate('editor.unfold'),
    '$ unchanged lines': translate('editor.unchanged'),
    'Original text': translate('editor.original'),
    'Changed text': translate('editor.changed'),
  };
}
