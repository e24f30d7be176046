/** What `skerry doctor` looks at and what it finds. */
import type { DoctorSystem } from '#doctor/system.ts';

/** `failed`: a node can't work so. `warning`: it works, and something that its user may expect does not. */
export type Finding =
  | { readonly state: 'ok'; readonly detail: string }
  | {
      readonly state: 'warning' | 'failed';
      /** Stable, for scripts; docs/reference/errors.md lists them. */
      readonly code: string;
      readonly detail: string;
      /** What to do, as a sentence. */
      readonly mend: string;
    };

export interface Check {
  /** Two or three words that a person knows the thing by. */
  readonly title: string;
  look(system: DoctorSystem): Promise<Finding>;
}

export function ok(detail: string): Finding {
  return { state: 'ok', detail };
}

export function failed(code: string, detail: string, mend: string): Finding {
  return { state: 'failed', code, detail, mend };
}

export function warning(code: string, detail: string, mend: string): Finding {
  return { state: 'warning', code, detail, mend };
}
