import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/** A second or two of trying again, then the caller hears that Temporal is away. */
const ATTEMPTS = 5;

/** A client that connects at its first call, and again by itself within seconds after the server was away. */
export function createTemporalClient(settings: { address: string; namespace: string }): Client {
  const connection = Connection.lazy({
    address: settings.address,
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: ATTEMPTS }))],
    channelArgs: {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
  });
  return new Client({ connection, namespace: settings.namespace });
}
