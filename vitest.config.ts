import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^coxswain$/, replacement: here("./src/index.ts") },
      { find: /^coxswain\/testing$/, replacement: here("./src/testing/index.ts") },
      { find: /^coxswain\/(actors|machines|protocols)$/, replacement: here("./$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"] },
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Two cores: more workers only fight each other and the nats-server under test.
    maxWorkers: 2,
  },
});
