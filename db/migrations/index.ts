import type { Migration } from 'kysely/migration';
import { spine } from './0001-spine.ts';
import { waitingOperations } from './0002-waiting-operations.ts';
import { everyKind } from './0003-every-kind.ts';
import { announcements } from './0004-announcements.ts';
import { forgottenKeys } from './0005-forgotten-keys.ts';
import { verifiedState } from './0006-verified-state.ts';
import { governance } from './0007-governance.ts';
import { audit } from './0008-audit.ts';
import { projects } from './0009-projects.ts';

/** Every migration by its name, in the order they run; a released one is never changed again. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-spine': spine,
  '0002-waiting-operations': waitingOperations,
  '0003-every-kind': everyKind,
  '0004-announcements': announcements,
  '0005-forgotten-keys': forgottenKeys,
  '0006-verified-state': verifiedState,
  '0007-governance': governance,
  '0008-audit': audit,
  '0009-projects': projects,
};
