import { SetMetadata } from '@nestjs/common';
import type { Permission } from '../../domain/principal.ts';

/** What a route says about who may call it. A route that says nothing is closed to everyone. */
export type Access =
  | { readonly public: true }
  | { readonly authenticated: true }
  | { readonly permission: Permission };

const ACCESS = 'runtimeai:access';

/** The caller needs a key or token whose roles grant this permission. */
export const Requires = (permission: Permission) => SetMetadata<string, Access>(ACCESS, { permission });

/** The caller needs a key or token, whatever it permits. */
export const Authenticated = () => SetMetadata<string, Access>(ACCESS, { authenticated: true });

/** Anyone may call this route, without a key. */
export const Public = () => SetMetadata<string, Access>(ACCESS, { public: true });

/** What the route's handler states, or nothing. */
export function accessOf(handler: object): Access | undefined {
  return Reflect.getMetadata(ACCESS, handler) as Access | undefined;
}
