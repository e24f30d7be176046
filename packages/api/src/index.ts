export * from './object.ts';
export * from './status.ts';
export * from './kind.ts';
export * from './schema.ts';
export * from './selector.ts';
export type * from './types.generated.ts';
export { builtinSchemas } from './schemas.ts';
export * from './quantity.ts';
export * from './patch/index.ts';
