import type { Frame } from "./frame.ts";

/** The server's INFO as the proxy hands it on. */
export interface RewrittenInfo {
  readonly bytes: Buffer;
  /** The server speaks TLS only, which the proxy cannot read. */
  readonly secure: boolean;
}

interface Info {
  tls_required?: boolean;
  tls_available?: boolean;
  connect_urls?: unknown;
  ws_connect_urls?: unknown;
  host?: string;
  port?: number;
}

/**
 * Puts the proxy in the place of the server, and of every server of the cluster, so that whoever reconnects comes
 * back through the proxy. Undefined where it is no JSON.
 */
export function rewriteInfo({ payload }: Frame, host: string, port: number): RewrittenInfo | undefined {
  let info: Info;
  try {
    info = JSON.parse(Buffer.from(payload).toString("utf8")) as Info;
  } catch {
    return undefined;
  }
  const secure = info.tls_required === true;
  info.host = host;
  info.port = port;
  // A client that may choose must not choose TLS.
  delete info.tls_available;
  delete info.ws_connect_urls;
  if (info.connect_urls !== undefined) info.connect_urls = [`${host}:${port}`];
  return { bytes: Buffer.from(`INFO ${JSON.stringify(info)}\r\n`), secure };
}

/** The name a client gives itself in its CONNECT. */
export function clientName({ payload }: Frame): string | undefined {
  try {
    const { name } = JSON.parse(Buffer.from(payload).toString("utf8")) as { name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}
