export * from './ports.ts';
export * from './security.ts';
