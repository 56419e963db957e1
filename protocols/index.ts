export * from "./address.ts";
export * from "./envelope.ts";
export * from "./errors.ts";
export * from "./protocol.ts";
export * from "./subjects.ts";
