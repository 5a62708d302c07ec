import { describeConformance } from './conformance.ts';
import { sandboxSpec, sandboxSuite } from './sandbox-suite.ts';

describeConformance({
  ...sandboxSuite(sandboxSpec()),
  refuses: [
    {
      what: 'two replicas',
      spec: sandboxSpec({}, { resources: { replicas: 2 } }),
      code: 'values_refused',
    },
    {
      what: 'to be public',
      spec: sandboxSpec({}, { networking: { exposure: 'public', egress_policy: 'restricted' } }),
      code: 'exposure_unavailable',
    },
    { what: 'to be without an image', spec: { size: 'small' }, code: 'image_required' },
  ],
});
