/** A line of a stack trace, which no refusal may show. */
export const stackLine = /^\s+at .+:\d+:\d+\)?$/m;
