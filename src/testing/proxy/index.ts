export type { ConnectionPredicate } from "./connection-rules.ts";
export type { ProxyCounts } from "./counts.ts";
export type { ProxyFaults, Times, Which } from "./faults.ts";
export type { Frame, FrameDirection, FrameOp } from "./frame.ts";
export { type NatsProxy, type NatsProxyOptions, natsProxy } from "./nats-proxy.ts";
export {
  type FramePredicate,
  isAnswerTo,
  isConsumerAck,
  isJetStreamApi,
  isKvAnswer,
  isPubAck,
  isTo,
  type RequestMatch,
} from "./predicates.ts";
export type { ProxiedConnection } from "./proxied-connection.ts";
export type { ProxyReport } from "./reports.ts";
export type { ProxiedRequest } from "./requests.ts";
export type { ProxyRule } from "./rule.ts";
