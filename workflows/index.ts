export { changeRuntime } from './change-runtime.ts';
export { deployRuntime } from './deploy-runtime.ts';
