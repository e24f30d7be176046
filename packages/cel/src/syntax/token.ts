/** Kinds as the grammar of CEL names them; punctuation and operators are their own text. */
export type TokenKind =
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | 'NUM_FLOAT'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'STRING'
  | 'BYTES'
  | '<EOF>'
  | Punctuation;

export type Punctuation = (typeof punctuation)[number];

/** Longest first, so that `<=` is not read as `<`. */
export const punctuation = [
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '.',
  ',',
  '-',
  '!',
  '?',
  ':',
  '+',
  '*',
  '/',
  '%',
  'in',
  'true',
  'false',
  'null',
] as const;

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}
