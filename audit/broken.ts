/** The audit is not what was sealed or anchored before. Nothing more is sealed, so that no second history begins. */
export class AuditBroken extends Error {
  override readonly name = 'AuditBroken';
}
