export * from "./crew.ts";
export * from "./fan-out.ts";
export * from "./verbs.ts";
export * from "./worker.ts";
