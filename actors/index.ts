export { coordinator } from "./coordinator.ts";
export { crew, startCrew } from "./crew.ts";
export { worker } from "./worker.ts";
