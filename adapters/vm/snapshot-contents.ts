import { fieldsOf, listOf, textOf } from '../../clients/kubernetes/objects.ts';

const INDICATIONS: Readonly<Record<string, string>> = {
  Online: 'taken while the machine ran; what was only in its memory is not in it',
  GuestAgent: 'the guest agent held the file systems still, so applications find their files in order',
  NoGuestAgent:
    'crash-consistent only: no guest agent held the file systems still, so a restored guest starts as after a power cut',
  QuiesceTimeout:
    'crash-consistent only: the guest agent could not hold the file systems still for long enough',
  Paused: 'crash-consistent only: taken while the machine was paused',
  PartialSnapshot: 'not every disk that can be snapshotted is in it',
};

/** In words, what a KubeVirt snapshot holds and what it does not, from its status. */
export function contentsOf(status: Readonly<Record<string, unknown>>): readonly string[] {
  const volumes = fieldsOf(status['snapshotVolumes']);
  const included = texts(volumes['includedVolumes']);
  const excluded = texts(volumes['excludedVolumes']);
  return [
    'the definition of the machine',
    included.length === 0
      ? 'no disk: a container disk is the image again after every restart'
      : `the disks: ${included.join(', ')}`,
    ...(excluded.length === 0 ? [] : [`not the disks: ${excluded.join(', ')}`]),
    'not its memory',
    ...indicationsOf(status).map(word => INDICATIONS[word] ?? `KubeVirt says: ${word}`),
  ];
}

/** The newer field says the same as the older one, which KubeVirt means to remove. */
function indicationsOf(status: Readonly<Record<string, unknown>>): readonly string[] {
  const newer = listOf(status['sourceIndications']).map(({ indication }) => textOf(indication));
  const words = newer.length === 0 ? texts(status['indications']) : newer;
  return words;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf).filter(Boolean) : [];
}
