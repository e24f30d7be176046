export * from './object.ts';
export * from './status.ts';
export * from './kind.ts';
export * from './schema.ts';
export * from './selector.ts';
