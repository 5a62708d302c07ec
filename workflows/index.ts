export { deployRuntime } from './deploy-runtime.ts';
