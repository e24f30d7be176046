export * from './transport.ts';
export * from './rest.ts';
