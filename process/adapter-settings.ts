import { z } from 'zod';
import { Scheduling } from '../domain/chart-values.ts';
import { ComplianceRules } from '../domain/compliance.ts';
import { RestrictedEgress } from '../domain/egress.ts';
import { json } from './setting.ts';

/** Settings of the adapters: what a kind of runtime needs to know of the installation. */
export const ADAPTER_SETTINGS = {
  RUNTIMEAI_ADAPTERS: z
    .string()
    .default('')
    .transform(text =>
      text
        .split(',')
        .map(word => word.trim())
        .filter(word => word !== ''),
    )
    .describe(
      'Adapters from outside: paths or package names, separated by commas; the same for all workers. docs/adapters.md shows how to write one.',
    ),
  RUNTIMEAI_ADAPTER_SETTINGS: json(z.record(z.string(), z.record(z.string(), z.unknown())))
    .optional()
    .describe('JSON {module: settings} of the adapters from outside, by their words in RUNTIMEAI_ADAPTERS.'),
  RUNTIMEAI_STRONG_RUNTIME_CLASS: z
    .string()
    .optional()
    .describe(
      'RuntimeClass that stands for isolation `strong`, e.g. one of gVisor or Kata. Without it `strong` is refused where it is asked for.',
    ),
  RUNTIMEAI_COMPLIANCE: json(ComplianceRules)
    .optional()
    .describe(
      'JSON {word: {nodeSelector, tolerations, labels}}: where a runtime must run, and what its pods bear, to fulfil a word of `security.compliance`. Other words are refused.',
    ),
  RUNTIMEAI_RESTRICTED_EGRESS: json(RestrictedEgress)
    .optional()
    .describe(
      'JSON {dnsNamespaces, dnsCidrs, namespaces, cidrs}: where runtimes of every kind with restricted egress may go, DNS on port 53 and the rest on every port; agents also reach their governed endpoints. Where a data_egress rule is about a runtime, that rule’s list takes the place of `namespaces` and `cidrs`. Default {"dnsNamespaces":["kube-system"]}.',
    ),
  RUNTIMEAI_SANDBOX_IMAGE: z.string().optional().describe('Image of a sandbox whose spec names none.'),
  RUNTIMEAI_SANDBOX_STORAGE_CLASS: z
    .string()
    .optional()
    .describe('StorageClass of a sandbox’s volume; the cluster’s default when not set.'),
  RUNTIMEAI_SANDBOX_SNAPSHOT_CLASS: z
    .string()
    .optional()
    .describe('VolumeSnapshotClass of a sandbox’s snapshots; the cluster’s default when not set.'),
  RUNTIMEAI_VCLUSTER_CHART: z
    .string()
    .default('')
    .describe(
      'Folder of the vcluster chart, version 0.36 (`helm pull vcluster --repo https://charts.loft.sh --version 0.36.1 --untar`). Without it no virtual cluster can be made.',
    ),
  RUNTIMEAI_VCLUSTER_IMAGE: z
    .string()
    .regex(/^[^:@]+(:[0-9]+\/[^:@]+)?:[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be an image with a tag')
    .default('ghcr.io/loft-sh/vcluster-oss:0.36.1')
    .describe('Image of the control plane of a virtual cluster, with its tag.'),
  RUNTIMEAI_VCLUSTER_REGISTRY: z
    .string()
    .regex(/^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)*$/)
    .optional()
    .describe('Registry every image of the vcluster chart comes from instead of its own.'),
  RUNTIMEAI_VCLUSTER_STORAGE_CLASS: z
    .string()
    .optional()
    .describe('StorageClass of the volumes of virtual clusters; the cluster’s default one when left out.'),
  RUNTIMEAI_VCLUSTER_SCHEDULING: json(Scheduling)
    .optional()
    .describe('JSON {nodeSelector, tolerations} of the control planes of virtual clusters.'),
  RUNTIMEAI_VCLUSTER_SNAPSHOT_URL: z
    .string()
    .regex(
      /^(s3|oci|https):\/\/[^/?#@]+\/[^?#@]*$|^container:\/\/\/[^?#@]+$/,
      'must be s3://bucket/prefix, oci://registry/repository, https://account.blob.core.windows.net/container or container:///path',
    )
    .optional()
    .describe(
      'Where snapshots of virtual clusters go: s3://bucket/prefix, oci://registry/repository, an https address of Azure Blob Storage, or container:///data/… on the control plane’s own volume. Credentials are those of the control plane’s pod (workload identity); none may stand here. Without it there are no snapshots.',
    ),
  RUNTIMEAI_VM_IMAGE: z
    .string()
    .optional()
    .describe('Container disk of a virtual machine whose spec names none.'),
  RUNTIMEAI_VM_STORAGE_CLASS: z
    .string()
    .optional()
    .describe('StorageClass of root disks; the cluster’s default when not set.'),
  RUNTIMEAI_VM_GPU_DEVICES: json(z.record(z.string(), z.string()))
    .optional()
    .describe(
      'JSON {model: device}: KubeVirt’s device name of each GPU model, e.g. {"A10": "nvidia.com/GA102GL_A10"}.',
    ),
};
