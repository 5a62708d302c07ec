import { z } from 'zod';
import { ApiKey, LONGEST_OVERLAP_SECONDS } from '../../domain/api-key.ts';
import { idOf } from '../../domain/ids.ts';
import { Permission } from '../../domain/principal.ts';
import { Paging, pageOf } from '../http/paging.ts';
import { plainText } from '../http/plain-text.ts';

const FIVE_YEARS = 5 * 365 * 24 * 3600;

const ExpiresInSeconds = z.int().min(60).max(FIVE_YEARS);

export const KeyCreateRequest = z
  .strictObject({
    name: plainText(100).meta({ description: 'Who or what uses it', examples: ['laptop'] }),
    principal_id: idOf('principal').optional().meta({
      description: 'Whose key it becomes; the caller’s own when left out, another one’s with `key:write`',
    }),
    scopes: z
      .array(Permission)
      .min(1)
      .max(Permission.options.length)
      .optional()
      .meta({
        description: 'What it is limited to; when left out, to what the caller’s own key is limited to',
        examples: [['runtime:read', 'operation:read']],
      }),
    expires_in_seconds: ExpiresInSeconds.optional().meta({
      description: 'It never expires when left out',
      examples: [7_776_000],
    }),
  })
  .meta({ id: 'KeyCreateRequest' });
export type KeyCreateRequest = z.infer<typeof KeyCreateRequest>;

export const KeyRotateRequest = z
  .strictObject({
    old_ends_in_seconds: z
      .int()
      .min(0)
      .max(LONGEST_OVERLAP_SECONDS)
      .default(24 * 3600)
      .meta({
        description: 'How long the old key lives on beside the new one',
      }),
    expires_in_seconds: ExpiresInSeconds.optional().meta({
      description: 'Of the new key; when left out, as long as the old one was made for',
    }),
  })
  .meta({ id: 'KeyRotateRequest' });
export type KeyRotateRequest = z.infer<typeof KeyRotateRequest>;

/** A key right after it was made, with what nobody will be shown again. */
export const NewKey = ApiKey.extend({
  token: z
    .string()
    .nullable()
    .meta({
      description: 'The key itself, shown this once; null when the Idempotency-Key was used before',
      examples: [null],
    }),
}).meta({ id: 'NewApiKey' });
export type NewKey = z.infer<typeof NewKey>;

export const KeyListQuery = Paging.extend({
  principal_id: idOf('principal').optional().meta({
    description: 'Whose keys; the caller’s own when left out, another one’s with `key:write`',
  }),
  all: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: '`true`: those of everybody in the tenant, with `key:write`' }),
});
export type KeyListQuery = z.infer<typeof KeyListQuery>;

export const KeyListResponse = pageOf(ApiKey, 'ApiKeyListResponse');
