export { describeStore, type StoreFactoryOptions } from './store-suite.ts';
