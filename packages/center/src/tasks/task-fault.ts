import { describeError, SkerryError } from '@skerry/base';
import { sayingText, type TaskSaying } from '#contract/index.ts';

/** Why a step failed, in words that the console has in every language. */
export class TaskFault extends SkerryError {
  readonly says: readonly TaskSaying[];

  constructor(code: string, says: TaskSaying | readonly TaskSaying[], options?: { cause?: unknown }) {
    const all = 'code' in says ? [says] : says;
    super(code, sayingText(all), options);
    this.says = all;
  }
}

/** What any thrown value says; what is no {@link TaskFault} in its own words. */
export function faultSays(error: unknown): readonly TaskSaying[] {
  return error instanceof TaskFault ? error.says : [saidText(describeError(error))];
}

/** Words of elsewhere. */
export function saidText(text: string): TaskSaying {
  return { code: 'text', values: { text } };
}
