import { z } from 'zod';
import { Capability, Runtime, RuntimeType, Size } from './runtime.ts';

const SizeMeaning = z.object({
  cpu: z.number().meta({ description: 'Cores of one replica' }),
  memory: z.string().meta({ examples: ['512Mi'] }),
  replicas: z.int(),
});

/** A kind of runtime as this cluster can make it: by which adapter, and whether what that needs is installed. */
export const RuntimeKind = z
  .object({
    name: z.string().meta({ description: 'Of the adapter; what `spec.backend` may say' }),
    type: RuntimeType,
    backend: Runtime.shape.backend.shape.kind,
    default: z.boolean().meta({ description: 'Taken when `spec.backend` is left out' }),
    capabilities: z.array(Capability),
    available: z.boolean().meta({ description: 'False while something in `missing` is to be installed' }),
    missing: z.array(
      z.object({
        what: z.string(),
        install: z.string().meta({ description: 'The command or page that installs it' }),
      }),
    ),
    limits: z
      .partialRecord(Capability, z.string())
      .meta({ description: 'Capabilities that this cluster cannot serve now, and why' }),
    sizes: z.record(Size, SizeMeaning),
    checked_at: z.iso.datetime(),
  })
  .meta({ id: 'RuntimeKind' });
export type RuntimeKind = z.infer<typeof RuntimeKind>;
