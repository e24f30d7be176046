/** A text of YAML to write. The text is the caller's; what doesn't fit or isn't text is refused and said. */
import type { Extension } from '@codemirror/state';
import { Annotation, Compartment } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { Alert } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useT } from '#i18n/index.ts';
import { assist } from './assist.ts';
import { folding, lengthLimit, writing, yamlBasics, yamlLanguage } from './editor-setup.ts';
import { foldNoise } from './fold-noise.ts';
import { textLengthMax } from './yaml-text.ts';
import styles from './editor.module.css';

interface YamlEditorProps {
  readonly cluster: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly readOnly?: boolean;
  /** Where to go when it changes: a position, marked by `key`. */
  readonly goTo?: { readonly key: number; readonly position: number } | undefined;
}

/** Marks a text that the caller gave, who need not be told of it. */
const isGiven = Annotation.define<boolean>();

export function YamlEditor({ cluster, label, value, onChange, readOnly = false, goTo }: YamlEditorProps) {
  const t = useT();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const [refusal, setRefusal] = useState<'tooLong' | 'notText' | undefined>();
  const handlers = useRef({ onChange, setRefusal });
  useEffect(() => {
    handlers.current = { onChange, setRefusal };
  });
  const changing = useRef(new Compartment());
  const initial = useRef(value);
  const basics = useRef({ label, readOnly });

  useEffect(() => {
    if (!host.current) return undefined;
    const editor = new EditorView({
      parent: host.current,
      doc: initial.current,
      extensions: [
        lengthLimit(() => queueMicrotask(() => handlers.current.setRefusal('tooLong'))),
        fileDrop((reason) => handlers.current.setRefusal(reason)),
        changing.current.of(yamlBasics(basics.current)),
        yamlLanguage(initial.current),
        writing(),
        folding(),
        assist(cluster),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          initial.current = update.state.doc.toString();
          if (update.transactions.some((transaction) => transaction.annotation(isGiven))) return;
          handlers.current.setRefusal(undefined);
          handlers.current.onChange(initial.current);
        }),
      ],
    });
    editor.dispatch({ effects: [...foldNoise(editor.state)] });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = undefined;
    };
  }, [cluster]);

  useEffect(() => {
    if (basics.current.label === label && basics.current.readOnly === readOnly) return;
    basics.current = { label, readOnly };
    view.current?.dispatch({ effects: changing.current.reconfigure(yamlBasics(basics.current)) });
  }, [label, readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || value === initial.current) return;
    initial.current = value;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      annotations: isGiven.of(true),
    });
    editor.dispatch({ effects: [...foldNoise(editor.state)] });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !goTo) return;
    const position = Math.min(goTo.position, editor.state.doc.length);
    editor.dispatch({
      selection: { anchor: position },
      effects: EditorView.scrollIntoView(position, { y: 'center' }),
    });
    editor.focus();
  }, [goTo]);

  return (
    <div className={styles['editor']}>
      {refusal ? (
        <Alert
          type="error"
          showIcon
          closable={{ onClose: () => setRefusal(undefined) }}
          title={t(`editor.refused.${refusal}`, { limit: Math.round(textLengthMax / 1024) })}
        />
      ) : null}
      <div ref={host} className={styles['host']} data-testid="yaml-editor" />
    </div>
  );
}

/** A file that is dropped becomes the text, or another document of it if there is one already. */
function fileDrop(onRefused: (reason: 'tooLong' | 'notText') => void): Extension {
  return EditorView.domEventHandlers({
    drop(event, editor) {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return false;
      event.preventDefault();
      void appendFiles(files, editor, onRefused);
      return true;
    },
  });
}

async function appendFiles(
  files: readonly File[],
  editor: EditorView,
  onRefused: (reason: 'tooLong' | 'notText') => void,
): Promise<void> {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > textLengthMax) return onRefused('tooLong');
  const texts = await Promise.all(files.map((file) => file.text()));
  if (texts.some((text) => /[\0\u{FFFD}]/u.test(text))) return onRefused('notText');
  const { doc } = editor.state;
  const before = /\S/.test(doc.toString()) ? [doc.toString().replace(/\n*$/, '\n')] : [];
  const insert = [...before, ...texts].join('---\n');
  editor.dispatch({ changes: { from: 0, to: doc.length, insert } });
}
