import { argv } from 'node:process';
import type { ReleaseActivities } from '../../activities/helm.ts';
import { activityEnvironment, createWorld } from './world.ts';

/** A worker to be killed: runs one installRelease and prints each heartbeat. Arguments: its input as JSON. */
const input = JSON.parse(argv[2] ?? '') as Parameters<ReleaseActivities['installRelease']>[0];
const world = await createWorld(input.target.namespace);
const environment = activityEnvironment();
environment.on('heartbeat', mark => console.log(JSON.stringify(mark ?? null)));
await environment.run(world.activities().installRelease, input);
