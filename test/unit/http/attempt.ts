import { guestContext, guestHttp, type GuestHttp } from "./guest.js";
import { suspendingChannel } from "./channels.js";
import { Page, type PageOptions } from "./page.js";

/** A guest with a grant, its page, and what left the page. */
export interface Attempt {
  readonly page: Page;
  readonly http: GuestHttp;
  /** What reached `fetch`. */
  readonly sent: { readonly url: string; readonly init: RequestInit }[];
}

export function open(options: PageOptions): Attempt {
  const sent: { readonly url: string; readonly init: RequestInit }[] = [];
  const page = new Page({
    ...options,
    fetch: (input, init = {}) => {
      sent.push({ url: String(input), init });
      return fetch(input, init);
    },
  });
  return { page, http: guestOf(page), sent };
}

export function guestOf(page: Page): GuestHttp {
  return guestHttp(guestContext(suspendingChannel(page)).context);
}

/** The host call of a worker that writes it by hand. */
export function send(page: Page, values: readonly unknown[]): ReturnType<Page["serve"]> {
  return page.serve("http.send", values);
}
