/**
 * Messages have ids, not sentences. A language is complete when it has the ids of English, but for `…_one`, which Japanese and
 * Chinese have no use for; a missing or a surplus id fails the type check.
 */
export type Translation<English> = {
  readonly [Id in keyof English as Id extends `${string}_one` ? never : Id]: string;
};

type WithoutPlural<Id> = Id extends `${infer Stem}_one` ? Stem : Id extends `${infer Stem}_other` ? Stem : Id;

/** What a message is asked for by: plurals by their stem, with a `count`. */
export type IdOf<English> = WithoutPlural<keyof English> & string;
