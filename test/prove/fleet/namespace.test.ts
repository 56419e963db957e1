import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeNamespace } from "./namespace.ts";

test("a node in a namespace reaches us, does not when its link is cut, and does again when it is healed", async ({
  skip,
}) => {
  const made = await makeNamespace(1);
  if (typeof made === "string") return skip(`no namespaces here: ${made}`);
  await using namespace = made;
  const server = createServer((_, response) => response.end("here")).listen(0, "0.0.0.0");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://${namespace.hostAddress}:${(server.address() as AddressInfo).port}`;
  const script = `fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(1500) }).then(() => console.log("reached"), () => console.log("cut off"))`;
  const asked = async (): Promise<string> => {
    const args = ["netns", "exec", namespace.name, process.execPath, "-e", script];
    return (await promisify(execFile)("ip", args)).stdout.trim();
  };
  expect(await asked()).toBe("reached");
  await namespace.cut();
  expect(await asked()).toBe("cut off");
  await namespace.heal();
  await expect.poll(asked, { timeout: 10_000 }).toBe("reached");
  server.close();
});

test("of the packets of a node in a namespace as many are lost as is asked, or none", async ({ skip }) => {
  const made = await makeNamespace(2);
  if (typeof made === "string") return skip(`no namespaces here: ${made}`);
  await using namespace = made;
  if (namespace.withoutLoss !== undefined) return skip(`packets cannot be lost: ${namespace.withoutLoss}`);
  const pinged = (): Promise<boolean> =>
    promisify(execFile)("ip", [
      "netns",
      "exec",
      namespace.name,
      process.execPath,
      "-e",
      dial(namespace.hostAddress),
    ]).then(
      () => true,
      () => false,
    );
  const server = createServer((_, response) => response.end()).listen(0, "0.0.0.0");
  await new Promise((resolve) => server.once("listening", resolve));
  const dial = (host: string): string =>
    `fetch("http://${host}:${(server.address() as AddressInfo).port}", { signal: AbortSignal.timeout(1500) }).then(() => process.exit(0), () => process.exit(1))`;
  expect(await pinged()).toBe(true);
  await namespace.lose(99);
  expect(await pinged()).toBe(false);
  await namespace.loseNone();
  await expect.poll(pinged, { timeout: 10_000 }).toBe(true);
  server.close();
});
