#!/bin/bash
# The real node: containerd and the kubelet in PID and mount namespaces of their own (made by unshare), so that
# killing this one process leaves no shim, container, mount or network namespace behind.
# Settings come in the environment: NODE_DATA, NODE_CGROUP, NODE_IMAGES, NODE_KUBELET.
set -eu

mount --make-rprivate /
# What programs here keep in fixed places goes into the lab's own folder, or is forgotten.
cp -L /etc/resolv.conf "$NODE_DATA/resolv.conf"
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock
for place in /var/lib/kubelet /var/lib/cni; do
  kept="$NODE_DATA/$(basename "$place")"
  mkdir -p "$place" "$kept"
  mount --bind "$kept" "$place"
  mount --make-rshared "$place"
done
mkdir -p /var/log/containers
mount -t tmpfs tmpfs /var/log/containers

for hierarchy in $NODE_CGROUP; do
  mkdir -p "$hierarchy" 2>/dev/null || echo "no control group $hierarchy here"
done
if [ -e /sys/fs/cgroup/cgroup.subtree_control ]; then
  for controller in cpuset cpu memory pids hugetlb io; do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || echo "controller $controller is not delegated"
  done
fi
# A new v1 cpuset may hold no process until it names its processors and memory nodes.
for cpuset in $NODE_CGROUP; do
  [ -e "$cpuset/cpuset.cpus" ] || continue
  cat "$(dirname "$cpuset")/cpuset.cpus" >"$cpuset/cpuset.cpus" || true
  cat "$(dirname "$cpuset")/cpuset.mems" >"$cpuset/cpuset.mems" || true
done

containerd --config "$NODE_DATA/containerd.toml" &
until ctr --address "$NODE_DATA/containerd.sock" version >/dev/null 2>&1; do
  kill -0 $! || exit 1
  sleep 0.05
done
ctr --address "$NODE_DATA/containerd.sock" --namespace k8s.io images import "$NODE_IMAGES"

"$NODE_KUBELET" "$@" &
# This shell stays the first process: it takes in the processes that lose their parent. When either program ends, so
# does the node, and whoever watches it starts it again.
wait -n
