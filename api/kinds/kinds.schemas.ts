import { RuntimeKind } from '../../domain/runtime-kind.ts';
import { pageOf } from '../http/paging.ts';

/** Always one page: there are as many kinds as adapters. */
export const RuntimeKindListResponse = pageOf(RuntimeKind, 'RuntimeKindListResponse');
