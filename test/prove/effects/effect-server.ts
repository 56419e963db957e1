import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { seededRandom } from "../../support/simulated-env.ts";
import type { EffectLine } from "../history/lines.ts";
import { machineMs } from "../machine-clock.ts";
import type { EffectRequest } from "./perform.ts";

export interface EffectServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** Every request that came, in order. */
  readonly lines: readonly EffectLine[];
}

/** What becomes of a request. */
type Fate = "done" | "slow" | "throttled" | "failed" | "lost";

/** A row: up to which chance. A server that always answers at once would try no retry. */
const fates: readonly (readonly [below: number, fate: Fate])[] = [
  [0.06, "slow"],
  [0.1, "throttled"],
  [0.14, "failed"],
  [0.18, "lost"],
  [1, "done"],
];

/**
 * The outside world: does what it is asked to, once for each key, and writes down every request. `GET /effects` tells them.
 * With a seed some requests are answered late (`slow`), refused before anything is done (`throttled`, `failed`), or done with
 * the answer `lost`; without one all are done at once.
 */
export async function startEffectServer(seed?: number): Promise<EffectServer> {
  const lines: EffectLine[] = [];
  const answers = new Map<string, number>();
  const random = seededRandom(seed ?? 1);

  const fate = (): Fate => {
    const chance = seed === undefined ? 1 : random();
    return fates.find(([below]) => chance < below)?.[1] ?? "done";
  };
  const take = (request: EffectRequest, response: ServerResponse): void => {
    const becomes = fate();
    const performed = becomes !== "throttled" && becomes !== "failed";
    const answer = performed ? (answers.get(request.key) ?? Math.floor(random() * 1_000_000)) : undefined;
    if (answer !== undefined) answers.set(request.key, answer);
    lines.push({ ...request, performed, ...(answer === undefined ? {} : { answer }), atMs: machineMs() });
    if (becomes === "lost") response.socket?.resetAndDestroy();
    else if (becomes === "throttled") response.writeHead(429, { "retry-after-ms": "60" }).end();
    else if (becomes === "failed") response.writeHead(503).end();
    else if (becomes === "slow") setTimeout(() => response.end(JSON.stringify({ answer })), 300);
    else response.end(JSON.stringify({ answer }));
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === "GET") response.end(JSON.stringify(lines));
    else take(JSON.parse(await text(request)) as EffectRequest, response);
  };

  const server = createServer((request, response) => {
    // Whoever asked may be killed in the midst of it.
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lines,
    [Symbol.asyncDispose]: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
