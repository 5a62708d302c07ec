import { mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeNetwork } from './bridge.ts';
import type { ContainerPrograms } from './containerd.ts';
import { pauseImage } from './image.ts';
import { writePrivately } from './secrets.ts';

/** What the real node's configuration is made from. */
export interface NodeFiles {
  /** The node's own folder. */
  folder: string;
  network: NodeNetwork;
  programs: ContainerPrograms;
  /** Where the cluster's certificates are. */
  certificates: string;
}

/** Writes the configuration of containerd, its network and the kubelet. */
export function writeNodeFiles(files: NodeFiles): void {
  const { folder } = files;
  mkdirSync(join(folder, 'cni'), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'containerd.toml'), containerdConfiguration(files));
  writeFileSync(
    join(folder, 'cni', '10-runtimeai.conflist'),
    JSON.stringify(networkConfiguration(files), null, 2),
  );
  writePrivately(join(folder, 'kubelet.json'), JSON.stringify(kubeletConfiguration(files), null, 2));
}

function containerdConfiguration({ folder, programs }: NodeFiles): string {
  return `version = 2
root = "${folder}/containerd"
state = "/run/containerd"
[debug]
  level = "warn"
[grpc]
  address = "${folder}/containerd.sock"
[ttrpc]
  address = "/run/containerd.ttrpc.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter(folder)}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${programs.cniFolder}"
    conf_dir = "${folder}/cni"
`;
}

// overlayfs cannot lie on top of overlayfs, which is what a container's own root usually is.
function snapshotter(folder: string): 'native' | 'overlayfs' {
  const overlayMagic = 0x794c7630;
  return statfsSync(folder).type === overlayMagic ? 'native' : 'overlayfs';
}

// No masquerading: it would write into the host's firewall. Pods talk to each other and to this machine.
function networkConfiguration({ folder, network }: NodeFiles) {
  return {
    cniVersion: '0.4.0',
    name: network.bridge,
    plugins: [
      {
        type: 'bridge',
        bridge: network.bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(folder, 'addresses'),
          ranges: [
            [
              {
                subnet: `${network.subnet}.0/24`,
                rangeStart: `${network.subnet}.10`,
                gateway: `${network.subnet}.1`,
              },
            ],
          ],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

function kubeletConfiguration({ folder, network, certificates }: NodeFiles) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: `${network.subnet}.1`,
    healthzPort: 0,
    readOnlyPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: join(certificates, 'ca.crt') },
    },
    authorization: { mode: 'AlwaysAllow' },
    tlsCertFile: join(certificates, 'kubelet.crt'),
    tlsPrivateKeyFile: join(certificates, 'kubelet.key'),
    containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${network.bridge}`,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    makeIPTablesUtilChains: false,
    podLogsDir: join(folder, 'pod-logs'),
    resolvConf: join(folder, 'resolv.conf'),
    clusterDNS: nameservers(),
    clusterDomain: 'cluster.local',
    maxPods: 200,
    nodeStatusUpdateFrequency: '5s',
    serializeImagePulls: false,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
}

// There is no cluster DNS. Pods that ask for it get this machine's resolvers, instead of a warning event for each.
function nameservers(): string[] {
  const lines = readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm);
  const usable = [...lines].map(([, address = '']) => address).filter(address => !address.startsWith('127.'));
  return usable.length > 0 ? usable.slice(0, 3) : ['10.96.0.10'];
}
