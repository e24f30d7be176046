/** Fields of a form over an object: each is a place of it. */
import { AutoComplete, Checkbox, Input, InputNumber, Select } from 'antd';
import { useId, useState, type ReactNode } from 'react';
import { useT } from '#i18n/index.ts';
import { fromLines, linesOf, portOf } from '#workloads/choices.ts';
import { getAt, mapIn, numberIn, textIn, type Path } from '#workloads/object-path.ts';
import { PairsEditor } from '#ui/pairs-editor.tsx';
import styles from './wizard.module.css';

/** The object that is written, and how. */
export interface Form {
  readonly object: object;
  readonly set: (path: Path, value: unknown) => void;
}

interface AtProps {
  readonly form: Form;
  readonly path: Path;
  readonly label: string;
  readonly hint?: string;
  readonly disabled?: boolean;
}

export function Field({
  label,
  hint,
  children,
  isWide = false,
}: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly children: (id: string) => ReactNode;
  readonly isWide?: boolean;
}) {
  const id = useId();
  return (
    <div className={`${styles['field'] ?? ''} ${isWide ? (styles['wide'] ?? '') : ''}`}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint ? <p className={styles['hint']}>{hint}</p> : null}
    </div>
  );
}

export function TextAt({
  form,
  path,
  label,
  hint,
  disabled = false,
  placeholder,
}: AtProps & { readonly placeholder?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <Input
          id={id}
          value={textIn(form.object, path)}
          disabled={disabled}
          placeholder={placeholder}
          spellCheck={false}
          onChange={(event) => form.set(path, event.target.value === '' ? undefined : event.target.value)}
        />
      )}
    </Field>
  );
}

export function NumberAt({
  form,
  path,
  label,
  hint,
  min = 0,
  placeholder,
}: AtProps & { readonly min?: number; readonly placeholder?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <InputNumber
          id={id}
          className={styles['number'] ?? ''}
          value={numberIn(form.object, path) ?? null}
          min={min}
          precision={0}
          placeholder={placeholder}
          onChange={(value) => form.set(path, value ?? undefined)}
        />
      )}
    </Field>
  );
}

/** A number or a name: a port, or a number or a share: `25%`. */
export function NumberOrTextAt({
  form,
  path,
  label,
  hint,
  placeholder,
}: AtProps & { readonly placeholder?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <Input
          id={id}
          value={textIn(form.object, path)}
          placeholder={placeholder}
          spellCheck={false}
          onChange={(event) => form.set(path, portOf(event.target.value))}
        />
      )}
    </Field>
  );
}

export function SelectAt({
  form,
  path,
  label,
  hint,
  options,
  disabled = false,
}: AtProps & { readonly options: readonly { readonly value: string; readonly label: string }[] }) {
  const value = textIn(form.object, path);
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <Select
          id={id}
          value={value}
          disabled={disabled}
          options={[...options]}
          onChange={(next: string) => form.set(path, next === '' ? undefined : next)}
        />
      )}
    </Field>
  );
}

export function CheckAt({ form, path, label }: AtProps) {
  return (
    <Checkbox
      checked={getAt(form.object, path) === true}
      onChange={(event) => form.set(path, event.target.checked ? true : undefined)}
    >
      {label}
    </Checkbox>
  );
}

export function LinesAt({ form, path, label, hint }: AtProps) {
  const t = useT();
  return (
    <Field label={label} hint={hint ?? t('wizard.oneALine')} isWide>
      {(id) => (
        <Input.TextArea
          id={id}
          className={`mono ${styles['lines'] ?? ''}`}
          rows={1}
          value={linesOf(form.object, path)}
          spellCheck={false}
          onChange={(event) => form.set(path, fromLines(event.target.value))}
        />
      )}
    </Field>
  );
}

/** Names with values. A row whose name isn't written yet is kept here until it is. */
export function PairsAt({ form, path, label }: AtProps) {
  const map = mapIn(form.object, path);
  const [rows, setRows] = useState(() =>
    Object.entries(map).map(([key, value]) => ({ key, value: String(value) })),
  );
  const named = rows.filter(({ key }) => key !== '');
  const isSame =
    named.length === Object.keys(map).length &&
    named.every(({ key, value }) => textIn(map, [key]) === value && key in map);
  const shown = isSame ? rows : Object.entries(map).map(([key, value]) => ({ key, value: String(value) }));
  return (
    <Field label={label} isWide>
      {() => (
        <PairsEditor
          label={label}
          value={shown}
          onChange={(next) => {
            setRows([...next]);
            const written = next.filter(({ key }) => key !== '');
            form.set(
              path,
              written.length > 0
                ? Object.fromEntries(written.map(({ key, value }) => [key, value]))
                : undefined,
            );
          }}
        />
      )}
    </Field>
  );
}

export function SuggestAt({
  form,
  path,
  label,
  hint,
  options,
  placeholder,
}: AtProps & { readonly options: readonly string[]; readonly placeholder?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <AutoComplete
          id={id}
          value={textIn(form.object, path)}
          placeholder={placeholder}
          options={options.map((value) => ({ value }))}
          onChange={(value: string) => form.set(path, value === '' ? undefined : value)}
        />
      )}
    </Field>
  );
}

/** A form over a part of the object. */
export function within(form: Form, path: Path): Form {
  const part = getAt(form.object, path);
  return {
    object: typeof part === 'object' && part !== null ? part : {},
    set: (inner, value) => form.set([...path, ...inner], value),
  };
}
