import { afterAll } from "vitest";
import { type HttpServer, startHttpServer } from "./http-server.js";

/** A server that runs until the tests of the file have ended. */
export async function servedOrigin(): Promise<HttpServer> {
  const server = await startHttpServer();
  afterAll(() => server.stop());
  return server;
}

export interface GrantedOrigin {
  readonly server: HttpServer;
  /** The capability for everything that tests ask the server for. */
  granted(methods?: string): string;
  /** A URL that `granted` includes. */
  url(path: string): string;
}

/** A server, and the capability that a test gives for it. */
export async function grantedOrigin(): Promise<GrantedOrigin> {
  const server = await servedOrigin();
  return {
    server,
    granted: (methods = "GET,POST") => `http:${methods}:${server.origin}/http/`,
    url: (path) => `${server.origin}/http/${path}`,
  };
}
