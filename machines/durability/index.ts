/** What makes an actor durable, as pure steps: the runtime carries them out, and the models check them. */
export * from "./claim.ts";
export * from "./commit.ts";
export * from "./high-water.ts";
export * from "./intents.ts";
export * from "./lease.ts";
export * from "./orders.ts";
export * from "./outbox.ts";
export * from "./receive.ts";
export * from "./record.ts";
export * from "./session.ts";
export * from "./timers.ts";
export * from "./turn.ts";
