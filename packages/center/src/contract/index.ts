/**
 * What the console and its backend say to each other. Pure types and names: runs in a browser, imports no Node module.
 *
 * Everything is under `/api/`. Bodies are JSON. A failure is a Kubernetes `Status`, whoever it came from, with the HTTP code in
 * `code`. Every request but a GET carries the session's `x-csrf-token`; GETs change nothing.
 */
export * from './paths.ts';
export * from './links.ts';
export * from './page.ts';
export * from './task-words.ts';
export * from './versions.ts';
export type * from './session.ts';
export type * from './views.ts';
export type * from './attention.ts';
export type * from './live.ts';
export type * from './streams.ts';
export type * from './tasks.ts';
