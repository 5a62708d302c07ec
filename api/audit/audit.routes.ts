import { AuditRecord } from '../../domain/audit.ts';
import { Paging } from '../http/paging.ts';
import type { Route } from '../openapi/route.ts';
import {
  AuditCheckpointList,
  AuditExportQuery,
  AuditListQuery,
  AuditListResponse,
  AuditProof,
} from './audit.schemas.ts';

/** Who did what, and the proof that nobody has changed the record of it since. */
export const auditRoutes: readonly Route[] = [
  {
    operationId: 'listAudit',
    method: 'get',
    path: '/audit',
    tag: 'Audit',
    summary: 'List audit records',
    permission: 'audit:read',
    query: AuditListQuery,
    answer: { status: 200, description: 'One page, newest first', schema: AuditListResponse },
  },
  {
    operationId: 'exportAudit',
    method: 'get',
    path: '/audit/export',
    tag: 'Audit',
    summary: 'Export audit records with their proof',
    description:
      'JSON Lines, to be verified offline with `npm run admin -- audit verify`. Each line is one of: the head, a record with its place and leaf, a checkpoint, a record that is not sealed yet, the end. An answer without the end was cut off. A part of the audit may hold neighbours just outside the asked time. That it was exported is recorded itself.',
    permission: 'audit:export',
    query: AuditExportQuery,
    answer: {
      status: 200,
      description: 'The records in the order in which they were sealed',
      jsonLines:
        '{"sequence":0,"leaf":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","record":{"id":"aud_…"}}\n',
    },
  },
  {
    operationId: 'listAuditCheckpoints',
    method: 'get',
    path: '/audit/checkpoints',
    tag: 'Audit',
    summary: 'List signed checkpoints',
    description: 'Keep one, and nobody can change what came before it without your finding out.',
    permission: 'audit:read',
    query: Paging,
    answer: { status: 200, description: 'One page, newest first', schema: AuditCheckpointList },
  },
  {
    operationId: 'getAuditRecord',
    method: 'get',
    path: '/audit/{audit_id}',
    tag: 'Audit',
    summary: 'Get audit record',
    permission: 'audit:read',
    answer: { status: 200, description: 'The record', schema: AuditRecord },
  },
  {
    operationId: 'getAuditProof',
    method: 'get',
    path: '/audit/{audit_id}/proof',
    tag: 'Audit',
    summary: 'Prove that a record is as it was written',
    description:
      'The hashes that lead from the record to the root of the newest checkpoint. The leaf is SHA-256 over 0x00 and the canonical JSON (RFC 8785) of the record.',
    permission: 'audit:read',
    problems: ['audit_not_sealed'],
    answer: { status: 200, description: 'The proof', schema: AuditProof },
  },
];
