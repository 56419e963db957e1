export { type BringableVersion, type BringServerOptions, bringServer } from "./bring-server.ts";
export { assertReplicas, type Capabilities, capabilitiesOf } from "./capabilities.ts";
export {
  describeServer,
  type Failure,
  type ServerDescription,
  type ServerEvidence,
  type Verdict,
} from "./describe-server.ts";
export { type FindServerOptions, findServer, type ServerBinary } from "./find-server.ts";
export {
  type KeptHow,
  type ProvenLevel,
  provenLevel,
  type ServerFlushes,
  statedLevel,
} from "./proven-level.ts";
export { type RunningServer, runningServers } from "./running.ts";
export type { ConfigValue, ServerConfig } from "./server-config.ts";
export type { ServerExit } from "./server-process.ts";
export { type EmbeddedServer, type StartServerOptions, startServer } from "./start-server.ts";
