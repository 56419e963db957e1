import type { ActorSystem, Report, SystemOptions } from "../../src/index.ts";
import { createMemoryHub, createSystem } from "../../src/index.ts";

/** Two nodes of one system on one in-process hub. */
export async function twoNodes(
  options: Partial<SystemOptions> = {},
): Promise<{ a: ActorSystem; b: ActorSystem; reports: Report[]; startedMs: number } & AsyncDisposable> {
  const hub = createMemoryHub();
  const reports: Report[] = [];
  const common = { name: "test", onReport: (report: Report) => void reports.push(report), ...options };
  const [one, two] = [hub.connect(), hub.connect()];
  const a = await createSystem({ ...common, node: "a", transport: one });
  const b = await createSystem({ ...common, node: "b", transport: two });
  const dispose = async (): Promise<void> => {
    await Promise.all([a.drain(), b.drain()]);
    await Promise.all([one.close(), two.close()]);
  };
  return { a, b, reports, startedMs: performance.now(), [Symbol.asyncDispose]: dispose };
}

/** What `promise` rejects with; fails if it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    const value = await promise;
    throw new Error(`Expected a rejection, got ${JSON.stringify(value)}`);
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error) return error as never;
    throw error;
  }
}
