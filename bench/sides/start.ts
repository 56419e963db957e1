import { serveSide } from "../kit/serve-side.ts";

/** In a new process each time: from the import of the library to the first reply, on an embedded server of its own. */
await serveSide({
  near: () => ({
    round: async () => {
      const began = performance.now();
      const { createSystem } = await import("coxswain");
      const importMs = performance.now() - began;
      const { echoActor } = await import("./protocols.ts");
      const system = await createSystem({ name: "bench" });
      const systemMs = performance.now() - began;
      const ref = await system.spawn("echo.one", echoActor);
      await ref.ask({ type: "say", text: "hello" });
      const firstReplyMs = performance.now() - began;
      await system.drain();
      return { importMs, systemMs, firstReplyMs };
    },
  }),
  server: async () => {
    const { startServer } = await import("../../src/server/index.ts");
    return {
      round: async () => {
        const began = performance.now();
        const server = await startServer();
        const serverMs = performance.now() - began;
        await server.stop();
        return { serverMs };
      },
    };
  },
});
