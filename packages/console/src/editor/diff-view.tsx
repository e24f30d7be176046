/**
 * Two texts side by side, what is equal folded away. With a handler the right one can be written in; then `after` is what it
 * begins with, and a `key` begins anew.
 */
import { MergeView } from '@codemirror/merge';
import { EditorView, keymap } from '@codemirror/view';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { useEffect, useRef } from 'react';
import { useT } from '#i18n/index.ts';
import { lengthLimit, yamlBasics, yamlLanguage } from './editor-setup.ts';
import styles from './editor.module.css';

interface DiffViewProps {
  readonly before: { readonly title: string; readonly text: string };
  readonly after: { readonly title: string; readonly text: string };
  readonly onChange?: (text: string) => void;
}

export function DiffView(props: DiffViewProps) {
  return props.before.text === '' && !props.onChange ? <Whole {...props.after} /> : <Both {...props} />;
}

/** There is nothing to compare with. */
function Whole({ title, text }: DiffViewProps['after']) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return undefined;
    const extensions = [yamlBasics({ label: title, readOnly: true }), yamlLanguage(text)];
    const view = new EditorView({ parent: host.current, doc: text, extensions });
    return () => view.destroy();
  }, [title, text]);
  return (
    <div>
      <div className={styles['titles']} aria-hidden="true">
        {title}
      </div>
      <div ref={host} className={styles['diff']} />
    </div>
  );
}

function Both({ before, after, onChange }: DiffViewProps) {
  const t = useT();
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef({ onChange, text: after.text });
  useEffect(() => {
    latest.current = { onChange, text: after.text };
  });
  const isWritable = onChange !== undefined;
  // What is written on the right comes back as `after`; that is no reason to begin anew.
  const text = isWritable ? undefined : after.text;
  useEffect(() => {
    if (!host.current) return undefined;
    const view = new MergeView({
      parent: host.current,
      a: {
        doc: before.text,
        extensions: [yamlBasics({ label: before.title, readOnly: true }), yamlLanguage(before.text)],
      },
      b: {
        doc: text ?? latest.current.text,
        extensions: [
          yamlBasics({ label: after.title, readOnly: !isWritable }),
          yamlLanguage(text ?? latest.current.text),
          isWritable
            ? [history(), keymap.of([...historyKeymap, ...defaultKeymap]), lengthLimit(() => undefined)]
            : [],
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      },
      collapseUnchanged: { margin: 3, minSize: 6 },
      diffConfig: { scanLimit: 2000, timeout: 500 },
      ...(isWritable ? { revertControls: 'a-to-b' as const } : {}),
    });
    return () => view.destroy();
  }, [before.text, before.title, text, after.title, isWritable]);
  return (
    <div>
      <div className={styles['titles']} aria-hidden="true">
        <span>{before.title}</span>
        <span>{after.title}</span>
      </div>
      <div ref={host} className={styles['diff']} role="group" aria-label={t('editor.diff')} />
    </div>
  );
}
