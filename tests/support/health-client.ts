/** The standard health service, as a load balancer asks it. */
import {
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";

interface Answer {
  readonly status: string;
}

type Generated = Client & {
  check(request: { service: string }, done: (error: ServiceError | null, answer: Answer) => void): void;
  watch(request: { service: string }): ClientReadableStream<Answer>;
};

/** A client of grpc.health.v1.Health. */
export interface HealthClient {
  check(service: string): Promise<string>;
  /** States as they change. */
  watch(service: string): { next(): Promise<string>; cancel(): void };
  close(): void;
}

/** Makes one from the service's own proto. */
export function healthClient(address: string): HealthClient {
  const loaded = loadPackageDefinition(loadSync(protoPath, { enums: String })) as never as {
    grpc: { health: { v1: { Health: new (address: string, insecure: object) => Generated } } };
  };
  const client = new loaded.grpc.health.v1.Health(address, credentials.createInsecure());
  return {
    check: (service) =>
      new Promise((resolve, reject) => {
        client.check({ service }, (error, answer) => (error === null ? resolve(answer.status) : reject(error)));
      }),
    watch(service) {
      const call = client.watch({ service });
      const answers = call[Symbol.asyncIterator]();
      return {
        next: async () => ((await answers.next()).value as Answer).status,
        cancel: () => {
          call.on("error", () => {});
          call.cancel();
        },
      };
    },
    close: () => client.close(),
  };
}
